"""The claims of FERV39k's text, each a function from the published tables to judgements, and their audit.

A claim that holds is a pass: silence would not tell it from one that nobody checked. What generic rules do for every
table (whole numbers of clips, sums of scenes, Average rows, one experiment printed twice) is not repeated here.
"""

from __future__ import annotations

from collections.abc import Callable

from fervbench.published import claims_ferv39k_clips as of_clips
from fervbench.published import claims_ferv39k_datasets as of_datasets
from fervbench.published import claims_ferv39k_parameters as of_parameters
from fervbench.published import claims_ferv39k_results as of_results
from fervbench.published import claims_ferv39k_transfer as of_transfer
from fervbench.published.judgement import Judgement
from fervbench.published.tables import Table

Claim = Callable[[dict[str, Table]], Judgement | list[Judgement]]

CLAIMS: tuple[Claim, ...] = (
    of_clips.clips_of_table_1,
    of_clips.clips_of_the_lists,
    of_clips.clips_in_thousands,
    of_clips.name_in_table_3,
    of_clips.scenario_names,
    of_clips.evenly_distributed,
    of_clips.parts_of_the_whole,
    of_clips.split,
    of_clips.shares_of_classes,
    of_clips.scenes_of_classes,
    of_clips.workflow,
    of_clips.said_again,
    of_datasets.annotation_times,
    of_datasets.text_and_table_1,
    of_datasets.sizes_of_datasets,
    of_datasets.tripled,
    of_datasets.best_of_others,
    of_datasets.table_1_of_two_papers,
    of_datasets.detector,
    of_datasets.frames,
    of_datasets.gain_on_dfew,
    of_parameters.two_trunks,
    of_parameters.resnet_18,
    of_parameters.kernels,
    of_results.best_of_all,
    of_results.two_stream_lstm_above_all,
    of_results.lstm_above_3d,
    of_results.worst_of_all,
    of_results.best_one_stream,
    of_results.second_stream_helps,
    of_results.better_scenarios,
    of_results.extreme_scenes,
    of_results.shown_scenes,
    of_transfer.average_decline,
    of_transfer.largest_decline,
    of_transfer.weak_to_strong,
    of_transfer.best_at_home,
    of_transfer.smaller_difference,
)


def audit(tables: dict[str, Table]) -> list[Judgement]:
    """Every judgement of every claim, in the order of CLAIMS."""
    found: list[Judgement] = []
    for claim in CLAIMS:
        result = claim(tables)
        found += result if isinstance(result, list) else [result]
    return found
