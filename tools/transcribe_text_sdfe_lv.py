# ruff: noqa: RUF001 (quotes hold the signs that the text holds)
"""Write `baselines/published/sdfe-lv/text.json`: numbers and statements that stand only in the text of SDFE-LV's paper.

    python tools/transcribe_text_sdfe_lv.py PAPERS

How a quote is made and checked, `transcribe_text_dfew.py` says.
"""

from __future__ import annotations

import sys
from pathlib import Path

from transcribe_text_dfew import cells, write

# Where each section begins, in the order of the text.
SECTIONS = {
    "Abstract": "Abstract In this paper",
    "Introduction": "Introduction The research",
    "Database": "Database This section",
    "Database Statistics": "Database Statistics SDFE-LV",
    "Experiment Setup": "Experiment Setup Protocol",
    "Benchmark Evaluation": "Benchmark Evaluation Figure 5",
    "Duration Challenge": "Duration Challenge Figure 6",
    "Pretrained Databases and Models": "Evaluation on Pretrained Databases and Models",
    "Context Information Evaluation": "Context Information Evaluation Several",
    "Conclusion": "Conclusion and Discussion",
}
# "label | metric | printed", then, indented, the quote.
STATEMENTS = """
## Abstract
long videos (abstract) | count | 1,191
    SDFE-LV consists of 1,191 long videos
annotations an expression (abstract) | count | five
annotators (abstract) | count | 10
    was independently labeled for five times by 10 well-trained annotators
first unconstrained large-scale database | statement | first
    SDFE-LV is the first unconstrained large-scale database for the DFES task
## Introduction
SMIC-E: year | statement | 2017
SMIC-E: subsets | count | three
    Until 2017, the first publicly available DFES database called SMIC-E (Li et al. 2017) consisting of three
    subsets
micro-expressions, within seconds | statement | 0.5
    spotting micro-expressions (usually lasting within 0.5s) from long videos
macro-expressions in most databases | statement | most of them
    (alternative name of ordinary dynamic facial expressions usually lasting over 0.5s) were also considered in
    most of them
only MEVIEW unconstrained | statement | only the long videos of MEVIEW
    only the long videos of MEVIEW (Husák, Cech, and Matas 2017) were collected from unconstrained media sources
MEVIEW: seconds a video | statement | 3
    the average duration of long videos in MEVIEW only reaches 3 seconds
MEVIEW: long videos | count | 40
    merely consists of 40 long videos
students | count | 50
    we first recruited 50 undergraduates and postgraduates
annotations an expression | count | five
    in its corresponding long video for independent five times to determine the final onset and offset
## Database
basic expressions | count | six
    starts with a neutral face before producing one of six basic facial expressions
students (collection) | count | 50
    we employed 50 students at university to mine the facial expression videos
identities of subjects | statement | the subject identities and the number of subjects were known
    because the participants were controllable in the latter environment, e.g., the subject identities and the
    number of subjects were known
long videos collected | count | 1,563
    we finally obtained 1,563 long videos by 50 crowdsourcing students
scarce: expressions in a video, over | count | 5
    long videos containing over 5 complete facial expression producing processes are scarce
annotators | count | 10
    employed 10 annotators in JD Crowdsourcing
experts who train | count | five
    five facial expression annotation experts with psychology background
data for practice | share | 2.5%
    selected 2.5% of the data in the database for practice
experts who check | count | 5
    the videos will be further checked by aforementioned 5 experts
annotators a video | count | 5
annotators to choose from | count | 10
    each video in this database was marked by random 5 in 10 annotators
long videos qualified | count | 1,191
experts who certify | count | 5
    we received 1,191 qualified long videos certified by these annotators and 5 experts
annotations that vote | count | 5
    decoded annotations from 5 annotators
## Database Statistics
long videos | count | 1,191
seconds a video | statement | 57.94
    database that contains 1,191 videos with an average duration of 57.94 seconds
expressions a video, at least | count | one
    each video contains at least one complete expression clip
basic expressions (statistics) | count | 6
    which can be classified as one of the 6 basic expressions
expressions | count | 2420
    the database contains a total of 2420 complete expression clips
expressions a video, at most | count | 16
    a long video in our database contains at most 16 complete expression clips
most expressions | statement | between 0.5 and 4 seconds
    most of the expression clips are concentrated between 0.5 and 4 seconds
most expressions of anger and sadness | statement | longer than 4 seconds
    most expressions with anger and sadness last longer than 4 seconds
long tail | statement | serious long-tail
    there is still a serious long-tail phenomenon in the expression categories in the dataset
male | share | 57%
female | share | 43%
    there are 57% male and 43% female
Caucasians | share | 49%
Asians | share | 40%
Africans | share | 11%
    We divided the race groups into 3 broad categories, with Caucasians accounting for 49%, Asians for 40%, and
    Africans accounting for 11%
## Experiment Setup
subject-independent | statement | subject-independent
    We employed the subject-independent-based
ratio: training | statement | 6
ratio: validation | statement | 2
ratio: test | statement | 2
    The ratio of samples in the training, valiadation and test sets was set to 6:2:2
pixels a side | statement | 256
    resized to the resolution of 256×256 pixels
thresholds of IoU | statement | [0.5: 0.05: 0.95]
    the number of recalled intervals under thresholds [0.5: 0.05: 0.95] divided by the total number
AN, from | statement | 0
AN, to | statement | 100
    where AN varies from 0 to 100
## Benchmark Evaluation
bottom-up better than top-down | statement | by a large margin
    the bottom-up fashion algorithms (i.e., BSN and BMN) outperform the top-down fashion algorithms (i.e., R-C3D
    and TURN) by a large margin in AR@AN and AUC
highest AUC | statement | 59.56 | percent
most AR@ANs | statement | most AR@ANs
    when VGG19-LSTM is used as the feature extraction network, the AUC reaches the highest result of 59.56, and
    most AR@ANs also achieve the best performance
## Duration Challenge
hard to spot, less than seconds | statement | 0.5
    to spot expression clips with durations less than 0.5 second
frame interval | statement | 16
    we set the frame interval to 16 for all algorithms
## Pretrained Databases and Models
CK+: sequences | count | 327
    CK+ is a lab-controlled database containing 327 labeled expression sequences
AFEW: videos | count | 1,156
DFEW: videos | count | 11,697
    in-the-wild databases with 1,156 and 11,697 emotional videos
AFEW better than CK+ | statement | to a certain extent
similar sizes | statement | similar sample magnitudes
    using the AFEW pretrained C3D model can improve the performance of expression spotting to a certain extent
    compared to CK+ with similar sample magnitudes
gain of C3D by DFEW over CK+ | gain | 12.41
gain of C3D by DFEW over AFEW | gain | 11.46
    the performance of C3D achieves a greater improvement, which is 12.41 and 11.46 higher than CK+ and AFEW
same conclusion | statement | the same conclusion
    feature encoding models on three FER databases also reveal the same conclusion
large-scale and in-the-wild pretraining | statement | various models
    pretrained by large-scale and in-the-wild FER databases can effectively improve the spotting performance of
    various models
2D-LSTM networks better than 3D | statement | far outperform
    the spotting performance of the 2D-LSTM networks far outperform the 3D networks
TSN better than 3D, on average | gain | 12.5
    TSN still has great advantages compared to 3D networks, which is 12.5 higher on average
## Context Information Evaluation
context stream | statement | significantly reduces the performance
    the addition of context stream not only does not improve the performance of the model in expression
    spotting, but also significantly reduces the performance
"""


def main() -> None:
    text = (Path(sys.argv[1]) / "sdfe-lv.txt").read_text(encoding="utf-8")
    write("sdfe-lv", cells(text, SECTIONS, STATEMENTS))


if __name__ == "__main__":
    main()
