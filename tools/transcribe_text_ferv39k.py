"""Write `baselines/published/ferv39k/text.json`: the numbers and claims of FERV39k's text, each with its words.

    python tools/transcribe_text_ferv39k.py PAPERS

PAPERS holds `ferv39k-arxiv-with-appendix.txt` and `ferv39k-cvpr-camera-ready.txt`. Sections 1 to 4 stand in both
versions, Appendices A to E in the arXiv version only. A cell's row says what the number is of, its column the section.
The same row in several sections is the same statement made again. Every quote must stand in every version it names,
after `normalised`; otherwise nothing is written.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from transcribe_tables import write

BOTH, APPENDIX = ("arxiv", "cvpr"), ("arxiv",)
WORDS = {"twice": 2, "double": 2, "tripled": 3, "twenty-fold": 20}
POWERS = {"1e-2": 0.01, "1e-3": 0.001, "1e-4": 0.0001}

# Section, quote, then (row, metric, printed) for every number in the quote.
Statement = tuple[str, str, list[tuple[str, str, str]]]
CLIPS, ROUND_CLIPS, CANDIDATES = "Clips", "Clips, in thousands", "Candidate clips that were annotated"
RAW, SCENARIOS, SCENES, CLASSES = "Raw videos", "Scenarios", "Scenes", "Expressions"
FINE, CROWD, RESEARCHERS = "Fine-grained words", "Crowdsourcing annotators", "Professional researchers"
SHORTEST, LONGEST = "Shortest clip in seconds", "Longest clip in seconds"
GROUPS = ("Part of each group that researchers annotate", "Copies of each group")
ACCEPT, REJECT = "Correct rate from which a group is accepted", "Correct rate below which a group is unacceptable"
FACES, FRAMES = "Side of the face images in pixels", ("Height of the scene images", "Width of the scene images")
IN_DL, IN_WIS, IN_SIA, IN_AI = (f"Scenes of {name}" for name in ("DL11k", "WIS9k", "SIA10k", "AI9k"))

STATEMENTS: list[Statement] = [
    (
        "Abstract",
        "select 4 scenarios subdivided into 22 scenes, annotate 86k samples automatically obtained from 4k videos",
        [(SCENARIOS, "count", "4"), (SCENES, "count", "22"), (CANDIDATES, "count", "86k"), (RAW, "count", "4k")],
    ),
    (
        "Abstract",
        "finally build 38,935 video clips labeled with 7 classic expressions",
        [(CLIPS, "count", "38,935"), (CLASSES, "classes", "7")],
    ),
    ("1", "with no more than 30 frames", [("Most frames of a clip in the laboratory datasets", "count", "30")]),
    ("1", "data volume reaches 13k", [("Clips of CAER, in thousands", "count", "13k")]),
    (
        "1",
        "contains 38,935 video clips labeled with 7 classic expressions in 4 scenarios",
        [(CLIPS, "count", "38,935"), (CLASSES, "classes", "7"), (SCENARIOS, "count", "4")],
    ),
    ("1", "Expandability of 22 fine-grained scenes", [(SCENES, "count", "22")]),
    (
        "1",
        "generates 86k candidate video clips from 4k raw videos",
        [(CANDIDATES, "count", "86k"), (RAW, "count", "4k")],
    ),
    (
        "1",
        "the amount of video clips reaches 39k with last time from 0.5s to 4s",
        [(ROUND_CLIPS, "count", "39k"), (SHORTEST, "seconds", "0.5"), (LONGEST, "seconds", "4")],
    ),
    ("1", "available video frames and cropped facial images reach 1M", [("Frames", "count", "1M")]),
    (
        "1",
        "resolution of 336 x 504, and 224 x 224, respectively",
        [(FRAMES[0], "pixels", "336"), (FRAMES[1], "pixels", "504"), (FACES, "pixels", "224")],
    ),
    ("1", "the first dynamic FER dataset with 39K clips", [("Clips of the first such dataset", "count", "39K")]),
    (
        "2.1",
        "contains 1,809 clips of 330 subjects",
        [("Clips of AFEW", "count", "1,809"), ("Subjects of AFEW", "count", "330")],
    ),
    ("2.1", "twice with seven labels", [("Annotation times of AFEW", "annotations", "twice")]),
    (
        "2.1",
        "AFEW-VA [24] provides more subjects, samples, and professional annotations as well as valence-arousal",
        [("AFEW-VA beside AFEW", "statement", "more")],
    ),
    ("2.1", "increases the number of video clips to 13,201", [("Clips of CAER", "count", "13,201")]),
    (
        "2.1",
        "the largest number of samples reaches 39k obtained from 86k automatically generated candidate video clips",
        [(ROUND_CLIPS, "count", "39k"), (CANDIDATES, "count", "86k")],
    ),
    (
        "3",
        "4 isolated scenarios with 22 fine-grained scenes labeled by 7 basic expressions",
        [(SCENARIOS, "count", "4"), (SCENES, "count", "22"), (CLASSES, "classes", "7")],
    ),
    (
        "3.1",
        "4 scenarios consisting of 22 scenes as well as the 7 basic expressions",
        [(SCENARIOS, "count", "4"), (SCENES, "count", "22"), (CLASSES, "classes", "7")],
    ),
    (
        "3.2",
        "select 22 representative scenes and divide them into 4 scenarios",
        [(SCENES, "count", "22"), (SCENARIOS, "count", "4")],
    ),
    (
        "3.2",
        "6 scenes {Argue, Social, School, Medicine, Conflict, and Daily-Life} designed for Daily Life (DL11k)",
        [(IN_DL, "count", "6"), ("Clips of DL11k, by its name", "count", "11k")],
    ),
    (
        "3.2",
        "6 scenes {Action, Scholar-Reports, Speech, Elegant-Art, Live-Show, and Talk-Show} designed for "
        "Weak-Interactive Shows (WIS9k)",
        [(IN_WIS, "count", "6"), ("Clips of WIS9k, by its name", "count", "9k")],
    ),
    (
        "3.2",
        "6 scenes {Business, Experiment, Official-Event, Crime, Interview, Contest} for Strong-Interactive "
        "Activities (SIA10k)",
        [(IN_SIA, "count", "6"), ("Clips of SIA10k, by its name", "count", "10k")],
    ),
    (
        "3.2",
        "4 scenes {History, Terror, War and Crisis} for Anomaly Issues (AI9k)",
        [(IN_AI, "count", "4"), ("Clips of AI9k, by its name", "count", "9k")],
    ),
    ("3.2", "7 basic expressions namely", [(CLASSES, "classes", "7")]),
    ("3.2", "to carefully select 26 words", [(FINE, "count", "26")]),
    ("3.2", "for our 39k clips dataset", [(ROUND_CLIPS, "count", "39k")]),
    ("3.2", "we download over 6k meta", [("Videos that were downloaded", "count", "6k")]),
    ("3.2", "different lasting time from 8 world", [("Engines that were searched", "count", "8")]),
    ("3.2", "4k pieces of data", [(RAW, "count", "4k")]),
    (
        "3.2",
        "randomly segment them into video clips among 0.5-4 seconds",
        [(SHORTEST, "seconds", "0.5"), (LONGEST, "seconds", "4")],
    ),
    (
        "3.2",
        "adaptively and automatically select a twenty-fold",
        [("Selected clips, as a multiple of the final dataset", "ratio", "twenty-fold")],
    ),
    (
        "3.2",
        "the scale of filtered clips is double of",
        [("Candidate clips, as a multiple of the final dataset", "ratio", "double")],
    ),
    ("3.2", "(CA, 20 workers)", [(CROWD, "count", "20")]),
    ("3.2", "(PR, 10 workers)", [(RESEARCHERS, "count", "10")]),
    (
        "3.2",
        "automatically convert 26 choices into 7 expression labels",
        [(FINE + ", as choices", "count", "26"), (CLASSES + ", as labels", "classes", "7")],
    ),
    (
        "3.2",
        "(5% of each are PR annotated) and copied 3 times",
        [(GROUPS[0], "share", "5%"), (GROUPS[1], "count", "3")],
    ),
    ("3.2", "We design 80% and 40% correct rate", [(ACCEPT, "share", "80%"), (REJECT, "share", "40%")]),
    (
        "3.3",
        "4 isolated scenarios subdivided by 22 detailed scenes, including nearly 39k video clips labeled with "
        "7 basic facial expressions",
        [
            (SCENARIOS, "count", "4"),
            (SCENES, "count", "22"),
            (ROUND_CLIPS, "count", "39k"),
            (CLASSES, "classes", "7"),
        ],
    ),
    (
        "3.3",
        "1.5 seconds. In general, the clips are evenly distributed in 4 scenarios",
        [
            ("Average duration of a clip in seconds", "seconds", "1.5"),
            ("Scenarios among which the clips are evenly distributed", "statement", "4"),
        ],
    ),
    ("3.3", "'Fear' appears more in the 'Terror' scene (18%)", [("Fear in the scene Terror", "share", "18%")]),
    (
        "3.3",
        "'Happy' appears more in the 'Live-Show' scene (33%)",
        [("Happy in the scene Liveshow", "share", "33%")],
    ),
    (
        "4.1",
        "of all scenes are randomly shuffled and split into training (80%), and testing (20%) without overlapping",
        [
            ("Training part", "share", "80%"),
            ("Test part", "share", "20%"),
            ("Shuffle before the split", "statement", "randomly shuffled"),
        ],
    ),
    (
        "4.1",
        "27 kinds of configurations consisting of 22 setups for each scene, 4 setups for isolated scenarios and "
        "1 setup for all scenes",
        [
            ("Configurations", "count", "27"),
            ("Configurations of one scene", "count", "22"),
            ("Configurations of one scenario", "count", "4"),
            ("Configurations of all scenes", "count", "1"),
        ],
    ),
    ("4.1", "cropped face images with 224 x 224 resolution", [(FACES, "pixels", "224")]),
    (
        "4.1",
        "scene images with 336 x 504 resolution",
        [(FRAMES[0], "pixels", "336"), (FRAMES[1], "pixels", "504")],
    ),
    (
        "4.1",
        "in a range between 1e-3 and 1e-2, weight decay as 1e-4, and the batch size is fixed at 32",
        [
            ("Least learning rate of the baselines", "setting", "1e-3"),
            ("Largest learning rate of the baselines", "setting", "1e-2"),
            ("Weight decay of the baselines", "setting", "1e-4"),
            ("Batch size of the baselines", "setting", "32"),
        ],
    ),
    ("4.1", "as 0.95. All the models", [("Learning rate of each epoch", "setting", "0.95")]),
    (
        "4.1",
        "for 60 epochs with standard stochastic gradient descent (SGD) with momentum as 0.9 and uniformly sampled "
        "frame interval as 8",
        [
            ("Epochs of the baselines", "setting", "60"),
            ("Momentum of the baselines", "setting", "0.9"),
            ("Frame interval", "setting", "8"),
        ],
    ),
    (
        "4.1",
        "facial images are resized to 112 x 112, and whole images are resized to 112 x 168",
        [
            ("Side of the face images as used", "pixels", "112"),
            ("Height of the scene images as used", "pixels", "112"),
            ("Width of the scene images as used", "pixels", "168"),
        ],
    ),
    ("4.2", "an LSTM layer with 1024 hidden units", [("Hidden units of the LSTM", "setting", "1024")]),
    (
        "4.2",
        "they have much more parameters than 2D ConvNets",
        [("Parameters of 3D beside 2D ConvNets", "statement", "more")],
    ),
    ("4.3", "on 9 representative scenes of FERV39k", [("Scenes of Table 2", "count", "9")]),
    (
        "4.3",
        "performance on more specific scenarios (WIS9k, SIA10k) is better than others",
        [("WIS9k and SIA10k beside the other scenarios", "statement", "better")],
    ),
    (
        "4.3",
        "most of the methods achieve the highest result on Experiment (SIA10k) and lowest on Terror (AI9k)",
        [
            ("Scene of the highest result", "statement", "Experiment"),
            ("Scene of the lowest result", "statement", "Terror"),
        ],
    ),
    (
        "4.3",
        "stream 2D ConvNets-LSTM methods outperform the others where VGG13-LSTM has the best performance of 44.54%",
        [("Best accuracy", "accuracy", "44.54%"), ("Two-stream 2D ConvNet-LSTM", "statement", "outperform")],
    ),
    (
        "4.3",
        "2D ConvNet-LSTM methods outperform the 3D ConvNet methods on both one and two stream structures",
        [("2D ConvNet-LSTM beside 3D ConvNet", "statement", "outperform")],
    ),
    ("4.3", "a nearly 8% average cross-domain decline", [("Average cross-domain decline", "decline", "8%")]),
    (
        "4.3",
        "the largest decline of WIS9k experiment",
        [("Scenario of the largest decline", "statement", "WIS9k")],
    ),
    (
        "4.3",
        "it is more challenging to transfer",
        [("Transfer from weak to stronger interaction", "statement", "more challenging")],
    ),
    (
        "4.3",
        "WIS9k has both ideal performance and smaller difference",
        [("WIS9k among the scenarios", "statement", "smaller")],
    ),
    ("4.3", "The overall 10 matrices", [("Confusion matrices in Figure 5(b)", "count", "10")]),
    ("4.3", "higher average results of about 10%", [("Gain on DFEW over FERV39k", "gain", "10%")]),
    ("4.3", "tripled the number of clips than DFEW", [("Clips, as a multiple of DFEW's", "ratio", "tripled")]),
    ("4.3", "22 scenes in this dataset require further", [(SCENES, "count", "22")]),
    (
        "4.4",
        "number of input frames from 2 to 16 in steps of 2 for four 2D",
        [
            ("Least number of input frames in the ablation", "setting", "2"),
            ("Largest number of input frames in the ablation", "setting", "16"),
            ("Step of the number of input frames", "setting", "2"),
        ],
    ),
    (
        "4.4",
        "in most scenes due to the fusion of the context information",
        [("Scenes in which two-stream I3D is better", "statement", "most")],
    ),
    ("Figure 4", "5 different time duration", [("Bands of duration", "count", "5")]),
    ("Figure 5", "on FERV39k and DFEW of 4 baseline methods", [("Methods beside DFEW", "count", "4")]),
    ("Table 3", "AI9k of FERV40k on RS50-LSTM", [("Clips of FERV40k, by its name", "count", "40k")]),
]

IN_APPENDIX: list[Statement] = [
    (
        "A",
        "6 scenes {Argue, Social, School, Medicine, Conflict, and Daily-Life} designed for Daily Life (DL11k)",
        [(IN_DL, "count", "6"), ("Clips of DL11k, by its name", "count", "11k")],
    ),
    (
        "A",
        "Live-Show, and Talk-Show} for Weak-Interactive Shows (WIS9k), 6 scenes {Business",
        [("Clips of WIS9k, by its name", "count", "9k"), (IN_SIA, "count", "6")],
    ),
    (
        "A",
        "Strong-Interactive Activities (SIA10k) and 4 scenes {History",
        [("Clips of SIA10k, by its name", "count", "10k"), (IN_AI, "count", "4")],
    ),
    ("A", "7 basic expressions across 22 scenes", [(CLASSES, "classes", "7"), (SCENES, "count", "22")]),
    ("A.1", "DL11k scenario is composed of 6 scenes", [(IN_DL, "count", "6")]),
    ("A.2", "WIS9k scenario is composed of 6 kinds of shows", [(IN_WIS, "count", "6")]),
    ("A.4", "AI9k scenario contains 4 hardly seen scenes", [(IN_AI, "count", "4")]),
    (
        "B",
        "qualified video clips among 0.5~4 seconds",
        [(SHORTEST, "seconds", "0.5"), (LONGEST, "seconds", "4")],
    ),
    ("B.1", "discard even 19 20 raw clips in some scenes", [("Raw clips that are discarded", "share", "19/20")]),
    (
        "B.1",
        "from a twenty-fold amount of clips than expected scale of final dataset",
        [("Selected clips, as a multiple of the final dataset", "ratio", "twenty-fold")],
    ),
    ("B.1", "lasting for 0.5~4 seconds", [(SHORTEST, "seconds", "0.5"), (LONGEST, "seconds", "4")]),
    ("B.1", "More than 90% frames in one video clip", [("Frames with a face, at least", "share", "90%")]),
    ("B.2", "contains about 30,000 real-world facial images", [("Images of RAF-DB, about", "count", "30,000")]),
    (
        "B.2",
        "lr is initialized to 1e-3, and lr is exponentially decayed by a factor of 0.95 every epoch",
        [
            ("Learning rate of the FER detector", "setting", "1e-3"),
            ("Factor of its learning rate in each epoch", "setting", "0.95"),
        ],
    ),
    (
        "B.2",
        "optimized with 0.9 Momentum and 1e-3 weight decay. Batch size is fixed at 32. The maximum epoch number is 120",
        [
            ("Momentum of the FER detector", "setting", "0.9"),
            ("Weight decay of the FER detector", "setting", "1e-3"),
            ("Batch size of the FER detector", "setting", "32"),
            ("Epochs of the FER detector", "setting", "120"),
        ],
    ),
    (
        "B.2",
        "achieves the overall accuracy of 87.53% of 7 basic expressions",
        [("Accuracy of the FER detector", "accuracy", "87.53%")],
    ),
    (
        "C",
        "crowd-sourcing annotators (20 workers) and professional researchers (10 workers)",
        [(CROWD, "count", "20"), (RESEARCHERS, "count", "10")],
    ),
    ("C", "5% of clips in each group are annotated by the professional", [(GROUPS[0], "share", "5%")]),
    ("C", "the mixed groups are copied for 3 times", [(GROUPS[1], "count", "3")]),
    ("C", "the most likely expression from 26 fine-grained labels", [(FINE, "count", "26")]),
    (
        "C",
        "lower than 40% will be marked as unacceptable",
        [(REJECT, "share", "40%")],
    ),
    ("C", "the group with over 80% correct rate will be marked as accept", [(ACCEPT, "share", "80%")]),
    (
        "C",
        "supplementary annotation have twice higher weight than the normal annotation",
        [("Weight of a supplementary annotation", "ratio", "twice")],
    ),
    ("E", "all data collected from 22 scenes", [(SCENES, "count", "22")]),
    ("E.5", "C3D [44] shows the worst results", [("Method of the worst results", "statement", "C3D")]),
    (
        "E.5",
        "and VGG13-LSTM achieves the best performance in one",
        [("Best one-stream method", "statement", "VGG13-LSTM")],
    ),
    ("E.5", "the limited frames (only 8 frames)", [("Frames of a clip as used", "setting", "8")]),
    (
        "E.5",
        "Our designed two-stream networks can further improve the performance",
        [("Two-stream beside one-stream networks", "statement", "improve")],
    ),
    (
        "E.5",
        "the experiment result shows an ideal performance and smaller best-worst difference of each scene among "
        "4 scenarios",
        [("WIS9k among the scenarios", "statement", "smaller")],
    ),
]


def normalised(text: str) -> str:
    """One line: words broken at a line's end joined, spaces single, quotation marks straight, `x` for times, no markup.

    The camera-ready copy is marked up (`$336 \\times 504$`, `**bold**`). A hyphen before a capital or a figure is
    kept at a line's end; before a small letter it is taken for a break, so no quote runs over a compound broken there.
    """
    text = re.sub(r"\$|\*\*", "", text).replace("\\times", "\u00d7").replace("\u223c", "~")
    text = re.sub("[\u2018\u2019\u201c\u201d]", "'", text)
    text = re.sub(r"-\n+(?=[a-z])", "", text)
    text = re.sub(r"-\n+", "-", text)
    text = re.sub("\\s*\u00d7\\s*", " x ", text)
    return re.sub(r" (?=[.,;])", "", re.sub(r"\s+", " ", text))


def value(printed: str) -> float | int | None:
    """The number: `86k` is 86,000, `87.53%` is 87.53, `1M` is one million in its own unit; a word has none."""
    if printed in WORDS or printed in POWERS:
        return (WORDS | POWERS)[printed]
    if printed == "19/20":
        return 0.95
    match = re.fullmatch(r"([0-9,]+(?:\.[0-9]+)?)(%|[kKM])?", printed)
    if not match:
        return None
    plain = match[1].replace(",", "")
    return (float(plain) if "." in plain else int(plain)) * (1000 if match[2] in ("k", "K") else 1)


def cells(statements: list[Statement], versions: tuple[str, ...], texts: dict[str, str]) -> list[dict]:
    found = []
    for section, quote, numbers in statements:
        missing = [version for version in versions if quote not in texts[version]]
        if missing:
            raise SystemExit(f"not in {missing}: {quote!r}")
        for row, metric, printed in numbers:
            if printed.replace("/", " ").rstrip("kKM%") not in quote:
                raise SystemExit(f"{printed!r} is not in {quote!r}")
            about = {"row": row, "column": section, "metric": metric, "printed": printed, "value": value(printed)}
            if printed.endswith("%"):
                about["unit"] = "percent"
            elif printed == "1M":
                about["unit"] = "millions"
            elif printed == "19/20":
                about["unit"] = "fraction"
            found.append(about | {"quote": quote, "versions": list(versions)})
    return found


def ferv39k_text(arxiv: str, cvpr: str) -> None:
    texts = {"arxiv": normalised(arxiv), "cvpr": normalised(cvpr)}
    found = cells(STATEMENTS, BOTH, texts) + cells(IN_APPENDIX, APPENDIX, texts)
    write(
        "ferv39k/text",
        "Numbers and statements of the text, by section",
        found,
        protocol="ferv39k",
        unit="count",
        versions=["arxiv", "cvpr"],
        layout={"corner": "Statement"},
        printed_as="text",
    )
    print(f"{len(found)} numbers and statements")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    names = ("ferv39k-arxiv-with-appendix.txt", "ferv39k-cvpr-camera-ready.txt")
    ferv39k_text(*((folder / name).read_text(encoding="utf-8") for name in names))
