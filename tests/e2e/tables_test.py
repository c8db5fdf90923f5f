"""What tables_test.sh asks: documents SCHEMAS FOLDER, or tables CSV JSON KEY."""
import json
import math
import pathlib
import subprocess
import sys

import jsonschema
import pandas


def closed(schema):
    """For the test alone: no key that the schema does not describe. Readers take more."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


def references(schema):
    """Names of the schemas that describe parts of a document."""
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + references(list(schema.values()))
    return [name for one in schema for name in references(one)] if isinstance(schema, list) else []


def documents(schemas, folder):
    schemas = pathlib.Path(schemas).resolve()
    known = {path.name: closed(json.loads(path.read_text())) for path in sorted(schemas.glob("*.schema.json"))}
    for schema in known.values():
        jsonschema.Draft7Validator.check_schema(schema)
    store = {(schemas / name).as_uri(): schema for name, schema in known.items()}
    failed, unused = 0, set(known)
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        document = json.loads(path.read_text())
        name = document["schema"].removeprefix("kwsmith.").split("/")[0] + ".schema.json"
        unused.discard(name)
        unused -= set(references(known.get(name)))
        if name not in known:
            print(f"{path.name}: no {name}", file=sys.stderr)
            failed += 1
            continue
        resolver = jsonschema.RefResolver((schemas / name).as_uri(), known[name], store=store)
        for error in jsonschema.Draft7Validator(known[name], resolver=resolver).iter_errors(document):
            print(f"{path.name}: {'/'.join(map(str, error.path))}: {error.message[:200]}", file=sys.stderr)
            failed += 1
    for name in unused:
        print(f"{name}: no document of it was looked at", file=sys.stderr)
    return failed or len(unused)


def same(a, b):
    """A cell of a CSV and a value of JSON."""
    if b is None:
        return isinstance(a, float) and math.isnan(a)
    if isinstance(b, list):
        return (a if isinstance(a, str) else "") == ";".join(b)
    if isinstance(b, str):
        return str(a) == b
    return a == b


def tables(csv, document, key):
    rows = json.loads(pathlib.Path(document).read_text())[key]
    frame = pandas.read_csv(csv, float_precision="round_trip")
    assert len(frame) == len(rows) > 0, f"{len(frame)} rows, {len(rows)} in JSON"
    shared = [name for name in rows[0] if name in frame.columns]
    assert len(shared) > 20, shared
    for cells, row in zip(frame.to_dict("records"), rows):
        for name in shared:
            assert same(cells[name], row[name]), f"{name}: {cells[name]!r}, {row[name]!r} in JSON"
    of_json = pandas.DataFrame(rows)
    assert len(of_json) == len(frame) and of_json["int8_validation"].equals(frame["int8_validation"])
    script = f""".mode csv
.import {csv} t
SELECT count(*), total(int8_validation), max(trial + 0) FROM t;
SELECT count(*), total(json_extract(value, '$.int8_validation')), max(json_extract(value, '$.trial'))
  FROM json_each(readfile('{document}'), '$.{key}');"""
    answers = subprocess.run(["sqlite3"], input=script, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == 2, answers
    for answer in answers:
        count, total, last = answer.split(",")
        assert int(count) == len(rows) and int(last) == frame["trial"].max(), answer
        assert math.isclose(float(total), frame["int8_validation"].sum(), rel_tol=1e-9), answer
    return 0


sys.exit({"documents": documents, "tables": tables}[sys.argv[1]](*sys.argv[2:]))
