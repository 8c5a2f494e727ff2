"""A server that speaks S3, in a process of its own; it checks keys and signatures, and ends when its reader does."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from briefsmith.config import StorageSettings

PAGE = 40
_MAY_ALL = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}{below}"}
        for bucket in ("kept", "none")
        for below in ("", "/*")
    ],
}


@dataclass(frozen=True)
class S3Server:
    """A running one, with the buckets `kept` and `closed`, of which the key may use the first, and `none`, if it were."""

    url: str
    key_id: str
    secret: str

    def settings(self, address: str, **changes: Any) -> StorageSettings:
        """Those of a store that keeps its files there."""
        found = StorageSettings(
            url=address,
            endpoint=self.url,
            key_id=self.key_id,
            secret=self.secret,
            timeout_seconds=20,
        )
        return replace(found, **changes)


@contextmanager
def running_s3() -> Generator[S3Server]:
    """One that lists forty objects a page."""
    environment = os.environ | {"MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)}
    with subprocess.Popen(
        [sys.executable, Path(__file__)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield S3Server(**json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()


def _serve() -> None:
    import httpx
    from moto.server import ThreadedMotoServer

    boto3: Any = import_module("boto3")  # which has half of its types
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    signed = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
    place: dict[str, Any] = {"endpoint_url": url, "region_name": "us-east-1"}
    s3 = boto3.client("s3", **place, **signed)
    iam = boto3.client("iam", **place, **signed)
    s3.create_bucket(Bucket="kept")
    s3.create_bucket(Bucket="closed")
    iam.create_user(UserName="store")
    rights = json.dumps(_MAY_ALL)
    iam.put_user_policy(UserName="store", PolicyName="files", PolicyDocument=rights)
    key = iam.create_access_key(UserName="store")["AccessKey"]
    # From here on, requests are checked.
    httpx.post(f"{url}/moto-api/reset-auth", content=b"0").raise_for_status()

    said = {"url": url, "key_id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    _serve()
