# ruff: noqa: RUF001 (quotes hold the signs that the text holds)
"""Write `baselines/published/dfew/text.json`: the numbers and statements that stand only in the text of DFEW's paper.

    python tools/transcribe_text_dfew.py PAPERS

A quote is the text with hyphenated line breaks joined and white space collapsed; a hyphen before a capital or a digit
stays (`EC-STFL`), and so does that of `well-trained`. Each quote must stand exactly once in that text, in the section
named, with the number in it.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

import transcribe_tables as tables

WORDS = {"one": 1, "two": 2, "three": 3, "five": 5, "six": 6, "seven": 7, "ten": 10, "twelve": 12}
# Where each section begins, in the order of the text.
SECTIONS = {
    "Abstract": "ABSTRACT Recently",
    "1": "1 INTRODUCTION",
    "2.1": "2.1 Data Collection",
    "2.2": "2.2 Data Annotation",
    "2.3": "2.3 Agreement Test",
    "3": "3 EXPRESSION-CLUSTERED",
    "4.1": "4.1 Experimental Setup",
    "4.2": "4.2 Experimental Results",
    "4.3": "4.3 Transfer Learning",
    "5": "5 CONCLUSIONS",
}
# "label | metric | printed" (and the value or "percent" where the print does not say so), then, indented, the quote.
STATEMENTS = """
## Abstract
clips, more than | count | 16,000
    consisting of over 16,000 video clips
movies | statement | thousands
    video clips from thousands of movies
## 1
EmotioNet: images | count | 1,000,000
    EmotioNet includes 1,000,000 facial expression images
EmotioNet: labelled by hand | count | 25,000
    in which 25,000 images were manually labeled
EmotioNet: action units | count | 11
    manually labeled with 11 facial Action Units
AffectNet: images | count | 450,000
    consisting of 450,000 well-labeled facial image samples
RAF-DB: images, nearly | count | 30,000
    containing nearly 30,000 web-queried facial images
RAF-DB: annotators | count | 315
    hired 315 individuals as the annotators
RAF-DB: labels an image, about | count | 40
    in RAF-DB is labeled about 40 times
AFEW 7.0: clips | count | 1,809
    consists of 1,809 video clips collected from 54 movies
AFEW 7.0: movies | count | 54
    1,809 video clips collected from 54 movies
CAER: clips | count | 13,201
    by collecting 13,201 video clips from 79 TV shows
CAER: TV shows | count | 79
    13,201 video clips from 79 TV shows
CAER: annotations a clip | count | three
    individually labeled by three annotators
EmotiW2019: accuracy of the champion | statement | 62.78%
    test set they achieved is only 62.78%
EmotiW2019: classes | count | 7
    62.78% (7 expression classification task)
largest number of samples | statement | largest
    has currently largest number of dynamic facial
clips, more than (introduction) | count | 16,000
    samples reaching over 16,000 video clips
movies, more than (introduction) | count | 1,500
    collected from over 1,500 movies all over
annotations a clip (introduction) | count | ten
    has been individually labeled ten times
## 2.1
students | statement | dozens
    we hired dozens of students to use video editing software
movies, more than | count | 1,500
    use of crawler to collect over 1,500 high-definition movies
clips a movie, at most | count | 20
    to extract at most 20 video clips from each movie
clips | count | 16,372
    collected 16,372 unconstrained facial expression video clips
## 2.2
annotators | count | twelve
    where we hired twelve expert annotators
emotions | count | seven
    clip’s closest emotion in seven typical discrete emotions
annotations a clip | count | ten
    each clip is annotated by ten independent annotators
clips annotated | count | 16,372
    annotating information of 16,372 clips
threshold r | statement | 6
    we set the threshold value r = 6
single label k | statement | lk > r
    as the single label with respect to lk > r , where r is
single-labelled clips | count | 12059
    hence select 12059 clips of DFEW to be the single-labeled
## 2.3
annotations n | count | 10
    where n = 10 is the annotation time of each clips
emotions K | count | 7
    K = 7 is the number of emotion category
kappa of all clips | kappa | 0.70
kappa of the single-labelled part | kappa | 0.63
    we obtain κ = 0.70 for the whole DFEW database and κ = 0.63 for the single-labeled part
agreement | statement | substantial
    all annotators achieve a substantial agreement
## 3
P, same label | statement | 0
P, otherwise | statement | 1
    Pi j = { 0, if xi and xj has the same label 1, otherwise (7)
Q, different label | statement | 0
Q, otherwise | statement | 1
    Qi j = { 0, if xi and xj has the different label 1, otherwise (8)
objective | statement | min
    min W ∑ i, j Pi jϕ(xi ,xj ) Qi jϕ(xi ,xj ) (6)
purpose | statement | minimizes the feature distance between the same emotions
    minimizes the feature distance between the same emotions and maximize the feature distance between different
equation 9, pairs above | statement | ∈
    LEC−ST F L = ∑ 1≤i, j≤n,x j ∈N{xi } ‖xi−x j ‖ Nxi
equation 9, pairs below (the sign for 'not in', as extracted) | statement | <
    ‖xi−x j ‖ Nxi ∑ 1≤i, j≤n,x j<N{xi } ‖xi−x j ‖ Nxj (9)
## 4.1
clips of the experiments | count | 12,059
    the single-labeled DFEW database with 12,059 video
folds | count | 5
    we adopt a 5-fold cross-validation protocol
parts of the same size | count | five
    split all the samples into five same-size parts
clips whose frames are taken | count | 12,059
    extract image frames from 12,059 clips
useful frames, less than | share | 50%
    to eliminate those less than 50%. Totally 362
clips left out | count | 362
    Totally 362 clipswere not taken into consideration
frames a clip | count | 16
    temporal length of the remaining clip samples into 16 frames
memory of a card in gigabytes | statement | 12
    trained on 12G memory’s Titan Xp
learning rate divided by | statement | 10
    learning rate reduced at a rate of 10×when loss saturated
batch size | statement | 24
    Batch size is set to 24, which is the max operational batch size
trade-off of EC-STFL | statement | 10
    trade-off coefficient λ of models with EC-STFL to 10
trade-off of center loss | statement | 1 × 10−4 | 0.0001
    trade-off coefficient of center loss to 1 × 10−4
cards | count | two
    experiments are conducted on two Titan Xp
## 4.2
3D CNN models | count | five
    we conduct five 3D CNN models
CNN-RNN models | count | two
    and two CNN-RNN models, i.e., VGG11+LSTM and Resnet18+LSTM
input size | statement | 112 × 112
    slightly modified to fit the input size of 112 × 112
best WAR: P3D | statement | 54.47%
best UAR: 3D Resnet18 | statement | 44.73%
    P3D [32] achieves the best WAR at 54.47%, and 3D Resnet18 [12] achieves the best UAR at 44.73% among all
UAR and WAR attained by 3D CNN models | statement | both UAR and WAR
    both UAR and WAR attained by 3D CNN models instead of CNN-RNN models
classes better by 3D CNN | statement | happy, sad, angry, surprise, and fear
classes better by CNN-RNN | statement | neural and disgust
    3D CNN better predicts happy, sad, angry, surprise, and fear emotions, while CNN-RNN models better at neural
    and disgust
happy easier, disgust harder | statement | easier to classify the happy
    it is easier to classify the happy emotion while harder to the disgust
all models better with EC-STFL | statement | all EC-STFL based models
    all EC-STFL based models show better recognition performance than those without this module
average gain of UAR | gain | 1.61
average gain of WAR | gain | 2.08
    promote the UAR and WAR by an average of 1.61 percentage points and 2.08 percentage points, respectively
best UAR and WAR with EC-STFL | statement | 3D Resnet18 with EC-STFL
    3D Resnet18 with EC-STFL achieves the best UAR and WAR results
recall gain of C3D: Happy | gain | 0.7%
recall gain of C3D: Sad | gain | 9.77%
recall gain of C3D: Surprise | gain | 0.95%
recall gain of C3D: Disgust | gain | 2.07%
recall gain of C3D: Fear | gain | 4.32%
    EC-STFL improves the recall rates of the C3D model for happy, sad, surprise, disgust, and fear emotion by
    0.7%, 9.77%, 0.95%, 2.07%, and 4.32%, respectively
recall gain of 3D Resnet18: Happy | gain | 6.05%
recall gain of 3D Resnet18: Sad | gain | 0.79%
recall gain of 3D Resnet18: Neutral | gain | 7.34%
recall gain of 3D Resnet18: Disgust | gain | 2.76%
    EC-STFL improves the recall rate of the 3D Resnet18 model for happy, sad, neutral, disgust by 6.05%, 0.79%,
    7.34%, 2.76%, respectively
gains that both models share | statement | happy, sad, disgust
    both improve the recall rate of happy, sad, disgust for the C3D and 3D Resnet18
both losses improve | statement | both improve
    EC-STFL and center loss are both improve the classification performance of models purely use cross entropy
    loss
EC-STFL better than center loss | statement | better than center loss
    the EC-STFL performs better than center loss, and achieves the best UAR and WAR
batch size while λ varies | statement | 24
    we fix batch sizem = 24 and vary
values of λ | statement | {1, 3, 5, 10, 15, 20, 30, 50, 80, 100}
    vary λ ∈ {1, 3, 5, 10, 15, 20, 30, 50, 80, 100}. It is apparent
λ while the batch size varies | statement | 10
    we fix λ = 10 and vary batch size
values of the batch size | statement | {18, 24, 30, 36, 42, 48}
    vary batch size m ∈ {18, 24, 30, 36, 42, 48}
## 4.3
DFEW weights transfer better | statement | better transfer learning performance
    initial weights provided by theDFEWdatabase show a better transfer learning performance than the action
    databases
gain over the state of the art, about | gain | 2
    transferred 3D Resnet18 improve the state-of-the-art method on WAR about 2 percent
## 5
clips (conclusion) | count | 16,372
    containing 16,372 video clips extracted from over 1500
movies, more than (conclusion) | count | 1500
    extracted from over 1500 different movies
emotions (conclusion) | count | 7
    distribution information of 7 basic expressions
annotators (conclusion) | count | 10
    10 well-trained annotators independently annotate each
"""


def plain(text: str) -> str:
    """The text as it is quoted."""
    joined = re.sub(r"(?<!\bwell)-[ ]*\n\s*(?=[a-z])", "", unicodedata.normalize("NFC", text))
    return " ".join(re.sub(r"-[ ]*\n\s*(?=\w)", "-", joined).split())


def parse(statements: str) -> list[tuple[str, list[str], str]]:
    """Section, the parts of a label's line and its quote, for every label."""
    found: list[tuple[str, list[str], str]] = []
    section = ""
    for block in re.findall(r"^## (.+)|^((?:\S.*\n)+)((?: {4}.*\n)+)", statements, flags=re.M):
        section = block[0] or section
        quote = " ".join(block[2].split())
        found += [(section, line.split(" | "), quote) for line in block[1].splitlines()]
    return found


def cells(text: str, sections: dict[str, str], statements: str) -> list[dict]:
    """A cell for each label, its quote found in the text."""
    text = plain(text)
    starts = [text.index(mark) for mark in sections.values()]
    assert starts == sorted(starts), "sections out of order"
    limits = dict(zip(sections, zip(starts, [*starts[1:], len(text)], strict=True), strict=True))
    found = []
    for section, (row, metric, printed, *more), quote in parse(statements):
        first, last = limits[section]
        assert text.count(quote) == 1, f"{text.count(quote)} times in the text: {quote!r}"
        assert first <= text.index(quote) < last, f"not in section {section}: {quote!r}"
        assert printed in quote, f"{printed!r} is not in {quote!r}"
        assert len(quote) <= 300, f"{len(quote)} characters: {quote!r}"
        percent = metric in ("share", "gain") or printed.endswith("%") or more == ["percent"]
        unit = "percent" if percent else "kappa" if metric == "kappa" else "count"
        value = WORDS.get(printed, tables.number(printed)) if more in ([], ["percent"]) else float(more[0])
        about = {"value": value, "unit": unit, "quote": quote, "versions": ["arxiv"]}
        found.append(tables.cell(row, section, metric, printed) | about)
    rows = [cell["row"] for cell in found]
    assert len(rows) == len(set(rows)), "two statements of one label"
    return found


def write(paper: str, found: list[dict]) -> None:
    title = "Numbers and statements of the text"
    tables.write(f"{paper}/text", title, found, versions=["arxiv"], layout={"corner": "Statement"}, printed_as="text")
    print(f"{paper}/text: {len(found)} cells")


def main() -> None:
    text = (Path(sys.argv[1]) / "dfew.txt").read_text(encoding="utf-8")
    write("dfew", cells(text, SECTIONS, STATEMENTS))


if __name__ == "__main__":
    main()
