"""What other programs make of a Delta table. Reads one JSON object a line, {"do": ..., "table": path, ...}, and answers one line each."""
import datetime
import json
import sys

import daft
import deltalake
import polars
import pyarrow

daft.set_runner_native()
UTC = datetime.timezone.utc
SAFE = 2**53 - 1


def plain(value):
    """As test/contracts/delta-samples.ts writes a cell: times as text, whole numbers beyond 2^53 too."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int):
        return value if -SAFE <= value <= SAFE else str(value)
    if isinstance(value, datetime.datetime):
        assert value.tzinfo is not None, "a time without its zone"
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "+00"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value]


def cell(value, is_map):
    """A map is a list of pairs to each of them, in its own way."""
    if value is None or not is_map or isinstance(value, dict):
        return plain(value)
    pairs = [(each["key"], each["value"]) if isinstance(each, dict) else tuple(each) for each in value]
    return {str(key): plain(each) for key, each in pairs}


def rows(dicts, maps):
    return sorted(
        ({name: cell(value, name in maps) for name, value in row.items()} for row in dicts),
        key=lambda row: (str(row.get("at")), str(row.get("count"))),
    )


def maps_of(table):
    return {field.name for field in table.schema().fields if isinstance(field.type, deltalake.schema.MapType)}


def literal(value, kind):
    return datetime.datetime.fromtimestamp(value / 1000, UTC) if kind == "timestamp" else value


def read_deltalake(path, version, where):
    table = deltalake.DeltaTable(path, version=version)
    dataset = table.to_pyarrow_table(filters=[(where["column"], where["op"], literal(where["value"], where["kind"]))] if where else None)
    return dataset.to_pylist()


def compare(column, where):
    value = literal(where["value"], where["kind"])
    return {"=": column == value, ">=": column >= value, ">": column > value, "<": column < value, "<=": column <= value}[where["op"]]


def read_polars(path, version, where):
    frame = polars.scan_delta(path, version=version)
    if where:
        frame = frame.filter(compare(polars.col(where["column"]), where))
    return frame.collect().to_dicts()


def read_daft(path, version, where):
    frame = daft.read_deltalake(path, version=version)
    if where:
        frame = frame.where(compare(daft.col(where["column"]), where))
    return frame.to_pylist()


READERS = {"deltalake": read_deltalake, "polars": read_polars, "daft": read_daft}


def read(path, version=None, where=None):
    table = deltalake.DeltaTable(path)
    maps = maps_of(table)
    return {name: rows(reader(path, version, where), maps) for name, reader in READERS.items()}


def facts(path, apps):
    table = deltalake.DeltaTable(path)
    return {
        "version": table.version(),
        "schema": json.loads(table.schema().to_json()),
        "txns": {app: table.transaction_version(app) for app in apps},
        "polars": {name: str(kind) for name, kind in polars.scan_delta(path).collect_schema().items()},
        "daft": {field.name: str(field.dtype) for field in daft.read_deltalake(path).schema()},
    }


def options_of(store):
    """For deltalake and polars, which need to be told that the server speaks HTTP alone."""
    if store is None:
        return None
    return {
        "endpoint_url": store["endpoint"],
        "aws_access_key_id": store["key"],
        "aws_secret_access_key": store["secret"],
        "aws_region": store["region"],
        "allow_http": "true",
    }


def io_config_of(store):
    if store is None:
        return None
    return daft.io.IOConfig(
        s3=daft.io.S3Config(
            endpoint_url=store["endpoint"],
            key_id=store["key"],
            access_key=store["secret"],
            region_name=store["region"],
            use_ssl=False,
            force_virtual_addressing=False,
        )
    )


def totals(dicts, by, sums, distinct):
    """For each value of a column: the sums of some, and how many different members the lists of others have."""
    found = {}
    for row in dicts:
        figures = found.setdefault(str(row[by]), {**{name: 0 for name in sums}, **{name: set() for name in distinct}})
        for name in sums:
            figures[name] += row[name] or 0
        for name in distinct:
            figures[name].update(row[name] or ())
    return {
        value: {name: len(figure) if isinstance(figure, set) else figure for name, figure in figures.items()}
        for value, figures in found.items()
    }


def figures(path, by, sums, distinct, store=None):
    options, config = options_of(store), io_config_of(store)
    columns = [by, *sums, *distinct]
    tables = {
        "deltalake": lambda: deltalake.DeltaTable(path, storage_options=options).to_pyarrow_table(columns=columns).to_pylist(),
        "polars": lambda: polars.scan_delta(path, storage_options=options).select(columns).collect().to_dicts(),
        "daft": lambda: daft.read_deltalake(path, io_config=config).select(*columns).to_pylist(),
    }
    return {name: totals(table(), by, sums, distinct) for name, table in tables.items()}


def compact(path):
    return deltalake.DeltaTable(path).optimize.compact()


def checkpoint(path):
    deltalake.DeltaTable(path).create_checkpoint()


def clean(path):
    deltalake.DeltaTable(path).cleanup_metadata()


def vacuum(path):
    return deltalake.DeltaTable(path).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)


def append(path, row):
    """A row in the types of the table, of which the others are null."""
    table = deltalake.DeltaTable(path)
    schema = pyarrow.schema(table.schema().to_arrow())
    row = {name: literal(value, "timestamp") if name == "at" else value for name, value in row.items()}
    row["date"] = datetime.date.fromisoformat(row["date"])
    deltalake.write_deltalake(table, pyarrow.Table.from_pylist([row], schema=schema), mode="append")


DO = {each.__name__: each for each in (read, facts, figures, compact, checkpoint, clean, vacuum, append)}

for line in sys.stdin:
    ask = json.loads(line)
    do, path = ask.pop("do"), ask.pop("table")
    try:
        answer = {"ok": DO[do](path, **ask)}
    except Exception as error:
        answer = {"error": f"{do}: {type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
