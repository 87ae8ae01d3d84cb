"""Answers of 64 KiB, each made to take a reader as long as one can; all readers read all of them."""

from __future__ import annotations

FULL = 65_536


def full(before: str, unit: str, after: str = "") -> str:
    """Repeat `unit` until the body is full."""
    room = FULL - len((before + after).encode())
    return before + unit * (room // len(unit.encode())) + after


_ACK = "status=ACK"
_NAME = f"{_ACK}&callername="
_TO = f"{_ACK}&destination="
_DST = '{"dst_phone":"'

JSON = {
    "brackets": "[" * FULL,
    "braces": "{" * FULL,
    "quotes": '"' * FULL,
    "nested members": full("", '{"a":'),
    "empty arrays": full("[", "[],", "1]"),
    "a wide and deep array": full("[" * 31, "[],", "1" + "]" * 31),
    "small objects": full("[", '{"a":1},', "1]"),
    "nested objects": full("[", '{"a":{"b":[1]}},', "1]"),
    "different members": "{" + ",".join(f'"{n:x}":0' for n in range(7300)) + "}",
    "different nests": "{" + ",".join(f'"{n:x}":[[]]' for n in range(5200)) + "}",
    "one member again and again": full("{", '"a":1,', '"a":1}'),
    "ones": full("[", "1,", "1]"),
    "fractions": full("[", "1.5,", "1]"),
    "long numbers": full("[", "1" * 18 + ",", "1]"),
    "longer numbers": full('{"status":"ACK","destination":[', "1" * 990 + ",", "1]}"),
    "huge numbers": full('{"status":"ACK","destination":[', "1" * 4290 + ",", "1]}"),
    "huge unknown numbers": '{"status":"ACK"'
    + "".join(f',"k{n}":{"1" * 3000}' for n in range(20))
    + "}",
    "the longest number": full('{"dst_phone":', "1", "}"),
    "the longest negative number": full('{"dst_phone":-', "1", "}"),
    "the longest fraction": full('{"dst_phone":1.', "1", "}"),
    "digits": "1" * FULL,
    "long exponents": full('{"dst_phone":[', "1e-999999999,", "1]}"),
    "exponents that are too long": full('{"dst_phone":[', f"1e-{'9' * 22},", "1]}"),
    "the longest scheme": full('{"schema":"', "1", '"}'),
    "the longest id": full('{"result":1,"id":', "1", "}"),
    "a list for an id": full('{"result":1,"id":[', "1,", "1]}"),
    "a list for a code": full('{"error":{"code":[', "1,", "1]}}"),
    "a message of line separators": full('{"error":{"code":1,"message":"', "\u2028", '"}}'),
    "letters": full('["', "é", '"]'),
    "escaped letters": full('["', "\\u00e9", '"]'),
    "surrogates": full('{"a":"', "\\ud83d\\ude42", '"}'),
    "relaxed members": full("{", "a:1,", "}"),
    "relaxed lists": full("[", "'a',", "]"),
    "relaxed nests": full("{a:[", "{b:1},", "]}"),
    "relaxed long names": full("{", "a" * 60 + ":1,", "}"),
    "relaxed number": full("{dst_phone:+", "1", ",}"),
    "relaxed fraction": full("{dst_phone:+1.", "1", ",}"),
    "relaxed exponent": full("{dst_phone:+1e", "1", ",}"),
    "nearly a relaxed number": full("[+", "1", "x]"),
    "relaxed blanks": full("[1,", " ", "1,]"),
    "relaxed blanks of all kinds": full("[1,", " \u00a0\ufeff\u2003", "1,]"),
    "relaxed escapes": full("{a:'", "\\u0041", "'}"),
    "relaxed short escapes": full("{a:'", "\\n", "'}"),
    "relaxed backslashes": full("{a:'", "\\\\", "'}"),
    "relaxed quotes": full("{a:'", "\\'", "'}"),
    "relaxed quotes of two kinds": full("{a:'", '\\"', "'}"),
    "relaxed straight quotes": full("{a:'", '"', "'}"),
    "relaxed smart quotes": full("{a:'", "\\“", "'}"),
    "relaxed surrogates": full("{a:'", "\\ud83d\\ude42", "'}"),
    "relaxed halves of surrogates": full("{a:'", "\\ud83d", "'}"),
    "relaxed, and wrong at the end": full("{a:'", "\\n", "\\x'}"),
    "an open quote": full("{'", "\\a"),
    "an open quote, escaped": full('{"', 'a\\"'),
}

DIRECTIONS = {
    "commas": full(_DST, ",", '"}'),
    "blanks and commas": full(_DST, ", ", '"}'),
    "blank members": full('{"dst_phone":[', '" , ",', "1]}"),
    "nobodies": full(_DST, "a,", '"}'),
    "a list of nobodies": full('{"dst_phone":[', '"a",', "1]}"),
    "long nobodies": full(_DST, "x" * 500 + ",", '"}'),
    "longer nobodies": full(_DST, "x" * 600 + ",", '"}'),
    "numbers": full(_DST, "380443334455,", '"}'),
    "hyphens": full(_DST, "-", '"}'),
    "numbers of hyphens": full(_DST, "3" + "-" * 500 + "8044333,", '"}'),
    "at signs": full(_DST, "a@", '"}'),
    "addresses": full(_DST, "a" * 250 + "@" + "b" * 250 + ",", '"}'),
    "escaped addresses": full(_DST, "%41" * 150 + "@" + "b-" * 20 + ",", '"}'),
    "addresses with options": full(_DST, "a@b" + ";user=phone" * 45 + "!,", '"}'),
    "options": full(_DST + "a@b", ";transport=udp", '!"}'),
    "labels": full(_DST + "a@b", ".a", '!"}'),
    "hyphens of a host": full(_DST + "a@", "a-", '"}'),
    "groups of a host": full(_DST + "a@[", "f:", ']"}'),
    "escaped user": full(_DST, "%41", '"}'),
    "percents of a user": full(_DST, "%", '@a"}'),
    "schemes of URIs": full(_DST, "tel:", '"}'),
    "angles": full(_DST, "<", '>"}'),
    "unseen marks": full(_DST, "\u200b", '"}'),
    "objects": full('{"dst_phone":[', "{},", "1]}"),
    "arrays": full('{"dst_phone":[', "[],", "1]}"),
    "markup": "<" * FULL,
    "angle and scheme": full("", "<sip:"),
    "blanks": " " * (FULL - 1) + "x",
    "blanks only": " " * FULL,
    "byte order marks": full("", "\ufeff"),
    "byte order marks and blanks": full("", "\ufeff ", "x"),
    "a long word": "a" * FULL,
}

PAIRS = {
    "pairs": full("", "a=1&"),
    "nameless pairs": full(_ACK, "&=1"),
    "unknown pairs": full(_ACK, "&a=1"),
    "different pairs": f"{_ACK}&" + "&".join(f"k{n}=1" for n in range(7000)),
    "undecodable pairs": full(_ACK, "&k=%ff"),
    "equals": "=" * FULL,
    "equals of letters": full("", "a="),
    "brackets before": "[" * (FULL - 2) + "=1",
    "a long pair": full(f"{_ACK}&x=", "y"),
    "ampersands": full(_ACK, "&"),
    "ampersands behind a direction": full("dst_phone=1", "&"),
    "semicolons behind a direction": full("dst_phone=1", ";"),
    "ampersands and blanks": full("", "& "),
    "ampersands and more blanks": full("", "&" + " " * 100),
    "ampersands and blanks of other kinds": full("", "&" + "\u2003" * 100),
    "entities": full(_ACK, "&amp;"),
    "entities and blanks": full("", "&amp; "),
    "blanks after one": full(f"{_ACK}&", " ", "x"),
    "nearly a status": full("", "&statu"),
    "nearly a status, in entities": full("", "&amp;status"),
    "a long status": full("status=", "x"),
    "long statuses": ("&status=" + "%41" * 1089) * 20,
    "escapes of a direction": full("dst_phone=", "%41"),
    "undecodable direction": full("dst_phone=", "%ff"),
    "percents of a direction": full("dst_phone=", "%"),
    "plusses of a direction": full("dst_phone=", "+"),
    "many directions": "&".join("dst_phone=" + "%41" * 200 for _ in range(99)),
    "many lists of directions": "&".join("dst_phone=" + "1," * 320 for _ in range(99)),
    "names": full("", "callername="),
    "pairs of names": full("", "callername=&"),
    "ampersands in a name": full(_NAME, "&"),
    "blanks and ampersands in a name": full(_NAME, "& "),
    "a long name": full(_NAME, "x"),
    "a name's percents": full(_NAME, "%"),
    "a name's escapes": full(_NAME, "%41"),
    "a name's bytes that are no text": full(_NAME, "%ff"),
    "a name's line breaks": full(_NAME, "%0a"),
    "a name's control characters": full(_NAME, "\x00 "),
    "a name's letters": full(_NAME, "é"),
    "nearly encoded": full(_NAME, "x&a=", "é"),
    "nearly encoded pairs": full(_NAME, "a=b&", "%"),
    "nearly encoded, empty pairs": full(_NAME, "a=&", "%"),
    "nearly encoded, nameless": full(_NAME, "&a", "="),
    "nearly encoded escapes": full(_NAME, "%41", "%4"),
    "many names": _ACK + ("&callername=" + "x&a=" * 840 + " ") * 18,
    "destinations of commas": full(_TO, ","),
    "destinations of nobodies": full(_TO, "a,"),
    "destinations of plusses": full(_TO, "+"),
    "destinations of inner plusses": full(_TO, "1+"),
    "destinations of blanks": full(_TO, " 1"),
    "destinations of escaped blanks": full(_TO, "%20"),
    "destinations of addresses": full(_TO, "a@"),
    "many destinations of plusses": _ACK + ("&destination=" + "1+" * 1600) * 19,
    "many destinations of escapes": _ACK + ("&destination=" + "%31" * 1100) * 19,
    "many undecodable destinations": _ACK + ("&destination=" + "%ff" * 1100) * 19,
    "many destinations of blanks": _ACK + ("&destination=" + "%20" * 1100) * 19,
    "pairs between destinations": _ACK + ("&destination=1" + "&%41=%ff" * 400) * 19,
    "long pairs between destinations": _ACK
    + ("&destination=1" + ("&" + "%41" * 21 + "=" + "%0a" * 320) * 3) * 19,
    "long names of pairs": _ACK + ("&" + "%41" * 1300 + "=1") * 16,
    "line breaks of pairs": _ACK + "".join(f"&k{n}=" + "%0a" * 1300 for n in range(16)),
    "control characters of pairs": _ACK + "".join(f"&k{n}=" + "\x01 " * 1990 for n in range(16)),
    "lenient members": full('{"status":"ACK"', ',"a":1', "}"),
    "different lenient members": '{"status":"ACK"'
    + "".join(f',"{n}":1' for n in range(7000))
    + "}",
    "a lenient name": full('{"status":"ACK","callername":"', "\\n", '"}'),
    "lenient destinations": full('{"status":"ACK","destination":"', "a,", '"}'),
    "a lenient list of destinations": full('{"status":"ACK","destination":[', '"a",', "1]}"),
    "a lenient status": full('{"status":"', "x", '"}'),
    "long lenient members": '{"status":"ACK"'
    + "".join(f',"{n}":"' + "\\n" * 1500 + '"' for n in range(20))
    + "}",
    "long lenient names": '{"status":"ACK"'
    + "".join(f',"{n}{"x" * 3000}":1' for n in range(20))
    + "}",
    "a lenient name that grows in lower case": full('{"status":"ACK","', "\u0130", '":1}'),
}

BYTES = {
    "no text": b"\xff" * FULL,
    "no text in any code page": _NAME.encode() + b"\x81" * (FULL - len(_NAME)),
    "other letters": _NAME.encode() + b"\xe9" * (FULL - len(_NAME)),
    "no text at the end": full(_NAME, "é", "x").encode()[:-1] + b"\xe9",
    "zeros": bytes(FULL),
}

LONGEST = {
    **{name: text.encode() for name, text in {**JSON, **DIRECTIONS, **PAIRS}.items()},
    **BYTES,
}
