"""What was built, how good it is and how fast it is served: one HTML page that needs nothing else.

content   the values of a report, one JSON file a model
verdict   what failed, what is missing, what is doubtful
wording   numbers as people read them
tiles     the figures at the head of a model's section
svg       figures that follow the page's colours
plots     those of what was measured
charts    those of a model's own exhibits: lines and bars (signs: the names above an axis)
pictures  small images inside the page
showing   exhibits made ready for the page
page      the page itself; its templates are one to a part of a model's section
"""
