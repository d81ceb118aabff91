def explain(text):
    return ""
