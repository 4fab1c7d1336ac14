"""Check an exported audit record with nothing but Python: python verify_export.py FILE KEY [CHECKPOINT...]

It shares no line with the engine, so that two programs have to agree. KEY is what `holdfast audit key`
prints, each CHECKPOINT a file that was kept. It says every place that is wrong and exits 1, or exits 0.
"""

import base64
import hashlib
import hmac
import io
import json
import re
import sys
import zipfile
from pathlib import Path

FILES = ["entries.jsonl", "hashes.bin", "checkpoints.jsonl", "records.jsonl", "context.jsonl",
         "definitions.jsonl", "manifest.json", "manifest.sig"]  # fmt: skip

# ed25519, as RFC 8032 (section 5.1) has it.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def recover(y, odd):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and odd):
        raise ValueError("not a point of the curve")
    return (P - x if (x & 1) != odd else x, y)


def point(data):
    number = int.from_bytes(data, "little")
    x, y = recover(number & (1 << 255) - 1, number >> 255)
    return (x, y, 1, x * y % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, p):
    found = (0, 1, 1, 0)
    while n:
        found, p, n = add(found, p) if n & 1 else found, add(p, p), n >> 1
    return found


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover(BASE_Y, 0)[0]
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signed_by(public, message, signature):
    if len(signature) != 64 or (s := int.from_bytes(signature[32:], "little")) >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(point(signature[:32]), times(h, point(public)))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 == (left[1] * right[2] - right[1] * left[2]) % P


def good_signature(lines, message, key):
    name, id, encoded = key.strip().split("+", 2)
    public = base64.b64decode(encoded, validate=True)
    if hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8] != id or public[0] != 1:
        raise ValueError("the key was not copied whole")
    own = []
    for line in lines:
        signer, text = re.fullmatch(r"— (\S+) (\S+)", line).groups()
        data = base64.b64decode(text, validate=True)
        if base64.b64encode(data).decode() != text:
            raise ValueError("base64 that is written otherwise")
        if signer == name and data[:4].hex() == id:
            own.append(data[4:])
    return bool(own) and all(signed_by(public[1:], message, each) for each in own)


def read_checkpoint(note, key):
    text, _, below = note.rpartition("\n\n")
    origin, size, root = text.split("\n")
    if not below.endswith("\n") or not good_signature(below[:-1].split("\n"), f"{text}\n".encode(), key):
        raise ValueError("it is not signed by the key")
    if origin != key.split("+")[0] or not re.fullmatch(r"[1-9][0-9]*", size):
        raise ValueError("it is of another log, or of no size")
    return int(size), base64.b64decode(root, validate=True)


def sha256(data):
    return hashlib.sha256(data).digest()


class Sink(io.RawIOBase):
    def __init__(self):
        self.written = []

    def writable(self):
        return True

    def write(self, data):
        self.written.append(bytes(data))
        return len(data)


def rewritten(archive):
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as again:
        for name in archive.namelist():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o644 << 16
            with again.open(info, "w", force_zip64=True) as member:
                member.write(archive.read(name))
    return b"".join(sink.written)


def check(path, key, kept, wrong):
    written = Path(path).read_bytes()
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        if archive.namelist() != FILES:
            wrong.append("the file does not hold what an export holds")
            return
        if any(each.compress_type or each.file_size != each.compress_size for each in archive.infolist()):
            wrong.append("something in the file is packed, and an export packs nothing")
            return
        if rewritten(archive) != written:
            wrong.append("the file is not as an export is written")
        content = {name: archive.read(name) for name in FILES}
    signature = content["manifest.sig"].decode()
    if signature[-1:] != "\n" or not good_signature(
        [signature[:-1]], b"holdfast export\n" + content["manifest.json"], key
    ):
        wrong.append("manifest.sig: the key has not signed the manifest")
    told, hashes = json.loads(content["manifest.json"]), content["hashes.bin"]
    wrong += [f"{name}: it is not what the manifest tells of" for name in FILES[:6]
              if hashlib.sha256(content[name]).hexdigest() != told["files"][name]]  # fmt: skip
    lines = {name: [json.loads(line) for line in content[name].splitlines()] for name in FILES[2:6]}

    roots, claims = {}, [(f"checkpoints.jsonl line {n}", each["note"]) for n, each in
                         enumerate(lines["checkpoints.jsonl"], 1)]  # fmt: skip
    for name, note in [*claims, *kept]:
        try:
            size, root = read_checkpoint(note, key)
        except (ValueError, AttributeError) as error:
            wrong.append(f"{name}: {error}")
            continue
        if roots.setdefault(size, (name, root))[1] != root:
            wrong.append(f"{name}: another root of {size} entries is signed too: a fork")
    if told["size"] and told["size"] not in roots:
        wrong.append("checkpoints.jsonl: the root of all entries is not signed in it")
    stack, sealed = [], [hashes[n : n + 32] for n in range(0, len(hashes), 32)]
    for size, leaf in enumerate(sealed, 1):
        stack.append(leaf)
        for _ in range((size & -size).bit_length() - 1):
            right = stack.pop()
            stack.append(sha256(b"\x01" + stack.pop() + right))
        if size in roots:
            name, root = roots.pop(size)
            found = stack[-1]
            for each in stack[-2::-1]:
                found = sha256(b"\x01" + each + found)
            if found != root:
                wrong.append(f"{name}: the first {size} entries do not have its root")
    wrong += [f"{name}: it is of {size} entries, which are not there" for size, (name, _) in roots.items()]

    entries = dict(enumerate(content["entries.jsonl"].splitlines(), told["first"]))
    if len(entries) != told["end"] - told["first"]:
        wrong.append("entries.jsonl: there are more or fewer entries than the manifest tells of")
    beside = {each["number"]: each["entry"].encode() for each in lines["context.jsonl"]}
    for number, entry in {**beside, **entries}.items():
        if number >= len(sealed) or sha256(b"\x00" + entry) != sealed[number]:
            wrong.append(f"entry {number}: it is not what was sealed under that number")
    leaves = {number: json.loads(entry) for number, entry in {**beside, **entries}.items()}

    committed = {n: leaf["commitment"] for n, leaf in leaves.items() if "commitment" in leaf and n in entries}
    for each in lines["records.jsonl"]:
        data = each["customer"].encode() + b"\x00" + base64.b64decode(each["document"])
        opened = hmac.digest(bytes.fromhex(each["salt"]), data, "sha256").hex()
        if committed.pop(each["number"], None) != opened:
            wrong.append(f"the record of entry {each['number']}: the entry does not commit to it")
    erased = {leaf.get("subject") for leaf in leaves.values() if leaf["kind"] == "erased"}
    wrong += [f"entry {n}: its record is gone" for n in committed if leaves[n].get("subject") not in erased]

    texts = {each["sha256"]: each["text"] for each in lines["definitions.jsonl"]}
    wrong += [f"the definition {name}: its text has another hash" for name, text in texts.items()
              if hashlib.sha256(text.encode()).hexdigest() != name]  # fmt: skip
    for number, leaf in leaves.items():
        if "definition" in leaf and leaf["kind"] == "change" and leaf["definition"] not in texts:
            wrong.append(f"entry {number}: what it names is not there")
        if leaf.get("what") != "release" or leaf.get("emergency"):
            continue
        if leaf.get("detail") in ("start", "rollback", "reversal"):
            continue
        if leaf.get("approver") in (None, leaf.get("who")):
            wrong.append(f"entry {number}: nobody but its author agreed to it")


def main(path, key, *kept):
    wrong = []
    try:
        check(path, key, [(name, Path(name).read_text("utf-8")) for name in kept], wrong)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, KeyError,
            AttributeError, TypeError, IndexError) as error:  # fmt: skip
        wrong.append(f"the file is damaged: {error}")
    print("\n".join(wrong) or "every entry is as it was sealed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
