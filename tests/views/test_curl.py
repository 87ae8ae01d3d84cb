"""A shell runs a command of cURL that sends the same request, whatever its texts hold."""

from __future__ import annotations

import shlex
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from switchhook.views.curl import curl_of

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


@given(url=WORDS, value=WORDS, body=WORDS)
def test_each_text_is_one_word_of_the_shell(url: str, value: str, body: str) -> None:
    words = shlex.split(curl_of("POST", url, [("X-Key", value)], body))

    assert words[:5] == ["curl", "--request", "POST", "--url", url]
    assert words[5:7] == ["--header", f"X-Key: {value}"]
    assert words[7:] == (["--data-raw", body] if body else [])


def test_a_real_shell_reads_it_like_that() -> None:
    hostile = "$(touch /tmp/x) `id` 'quoted' \"double\" \\ ; rm -rf ~\n--next"
    command = curl_of("POST", "https://crm.example/", [("X", hostile)], hostile)
    done = subprocess.run(
        ["/bin/sh", "-c", f"set -- {command}; printf '%s\\0' \"$@\""],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\0")[6:9] == [f"X: {hostile}", "--data-raw", hostile]


def test_what_curl_writes_by_itself_and_what_it_would_read_as_a_file_is_left_out() -> None:
    headers = [("Host", "a"), ("content-length", "3"), ("@/etc/passwd", "x"), ("Accept", "*/*")]
    assert curl_of("GET", "http://a/", headers) == (
        "curl --request GET --url http://a/ --header 'Accept: */*'"
    )
