"""What a browser calls itself, as its owner would say it."""

# Longer ones are cut: what counts stands well before.
LONGEST = 512
# What tells them, the first that is in it counts: most call themselves by the others' names, too.
BROWSERS = {
    **dict.fromkeys(("Edg/", "EdgA/", "EdgiOS/"), "Edge"),
    **dict.fromkeys(("OPR/", "OPT/"), "Opera"),
    "SamsungBrowser/": "Samsung Internet",
    **dict.fromkeys(("Firefox/", "FxiOS/"), "Firefox"),
    **dict.fromkeys(("Chrome/", "CriOS/"), "Chrome"),
    "Safari/": "Safari",
}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "CrOS": "ChromeOS",
    "Macintosh": "Mac",
    "Linux": "Linux",
}


def browser_name(user_agent: str) -> str:
    """As "Firefox on Linux"; empty for what we do not know. None of its own words are in it."""
    said = user_agent[:LONGEST]
    browser = next((name for mark, name in BROWSERS.items() if mark in said), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in said), "")
    return f"{browser} on {system}" if browser and system else browser
