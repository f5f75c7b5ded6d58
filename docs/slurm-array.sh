#!/bin/bash
# Rebuild a table with plain processes, one GPU each: every task of the array takes the next job that nobody holds.
#   sbatch --array 0-15 slurm-array.sh --table ferv39k/table2 --data faces.pack --scene-data scenes.pack --out /shared/jobs
#SBATCH --job-name=fervbench
#SBATCH --ntasks=1
#SBATCH --gpus=1
#SBATCH --cpus-per-task=4
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
# Activate the environment here: source /shared/venv/bin/activate
exec srun fervbench run-baseline --device cuda "$@"
