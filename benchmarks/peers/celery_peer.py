"""Celery over Redis, tuned: threads, prefetching, no gossip, no results; requests with kept connections."""

import sys

import requests
from benchmarks.peers.common import HEADERS, REDIS, TIMEOUT, tasks
from celery import Celery

app = Celery("celery_peer", broker=REDIS)
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=32,
    worker_send_task_events=False,
    broker_pool_limit=10,
)
session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=256))


@app.task(name="send")
def send(url: str, body: str) -> None:
    session.post(url, data=body.encode(), headers=HEADERS, timeout=TIMEOUT)


if __name__ == "__main__":
    for task in tasks(int(sys.argv[1])):
        send.delay(*task)
