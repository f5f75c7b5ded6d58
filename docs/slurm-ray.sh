#!/bin/bash
# Rebuild a table on the nodes of a SLURM allocation: Ray places the jobs.
#   sbatch --nodes 4 slurm-ray.sh --table ferv39k/table2 --data faces.pack --scene-data scenes.pack --out /shared/jobs
# Submit again, or let it be requeued, until all is done: only what is missing runs.
#SBATCH --job-name=fervbench
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
# Activate the environment here, the same on all nodes: source /shared/venv/bin/activate

port=${RAY_PORT:-6379}
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address=$(srun --nodes=1 --ntasks=1 -w "$first" hostname --ip-address | awk '{print $1}'):$port
export RAY_USAGE_STATS_ENABLED=0 RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n') # of this allocation alone; srun hands it on
export RAY_AUTH_TOKEN

# --block: a step lives as long as its part of the cluster, and ends with the allocation.
srun --nodes=1 --ntasks=1 --overlap -w "$first" \
    ray start --head --node-ip-address "${address%:*}" --port "$port" --include-dashboard=false --block &
sleep 15
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    srun --nodes=$((SLURM_JOB_NUM_NODES - 1)) --ntasks=$((SLURM_JOB_NUM_NODES - 1)) --overlap --exclude="$first" \
        ray start --address "$address" --block &
    sleep 15
fi

status=0
srun --nodes=1 --ntasks=1 --overlap -w "$first" \
    fervbench run-baseline --device cuda --runner ray --ray-address "$address" "$@" || status=$?
srun --overlap --ntasks-per-node=1 ray stop || true
exit "$status"
