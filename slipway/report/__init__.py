"""What was built, how good it is and how fast it is served: one HTML page that needs nothing else.

content   the values of a report, one JSON file a model
verdict   what failed, what is missing, what is doubtful
wording   numbers as people read them
plots     SVG figures that follow the page's colours
page      the page itself
"""
