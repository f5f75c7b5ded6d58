"""Labels from raw annotations: votes, agreement, quality control, splits, and scores against votes.

The procedures are those of the datasets' papers: FERV39k (section 3.2, appendix C), DFEW (sections 2.2 and 2.3),
SDFE-LV ("Data Annotation", Figure 2). Formulas stand in `fervbench.metrics.agreement`; here are files, rules and
documents.
"""
