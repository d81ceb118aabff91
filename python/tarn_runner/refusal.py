"""A refusal by S3 or Glue, in a sentence: which role may not do what on which resource."""

from __future__ import annotations

import re

_DENIED = re.compile(r"AccessDenied|Access Denied|is not authorized to perform|Status Code: 403|\(403\)")
_SAID = re.compile(r"(arn:aws:(?:sts|iam):\S+) is not authorized to perform: (\S+) on resource: \"?([^\s\"]+)\"?")
# A HEAD has no body, so S3 cannot say what it refused; Hadoop names the address.
_HEAD = re.compile(r"getFileStatus on s3[an]?://([^/\s:]+)/?([^\s:]*): \S*S3Exception: Forbidden")


def explain(text: str, role: str = "") -> str:
    """The sentence; empty where the text is about something else."""
    if not _DENIED.search(text):
        return ""
    if said := _SAID.search(text):
        who, action, resource = said.groups()
        name = re.search(r"assumed-role/([^/]+)", who)
        return _sentence(f"role {name.group(1)}" if name else who, action, resource.rstrip(".,)"))
    if head := _HEAD.search(text):
        bucket, key = head.groups()
        here = f"s3:GetObject on arn:aws:s3:::{bucket}/{key} or s3:ListBucket"
        return _sentence(f"role {role}" if role else "this role", here, f"arn:aws:s3:::{bucket}")
    return ""


def _sentence(who: str, action: str, resource: str) -> str:
    return f"{who} is not allowed {action} on {resource}: allow it in a policy of the role, or give the job another role"
