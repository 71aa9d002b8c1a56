

def parse_duration(text):
    total = 0
    for part in text.split():
        total += int(part[:-1]) * {"h": 3600, "m": 60, "s": 1}[part[-1]]
    return total
