"""What other programs make of report files. Reads one JSON object from its input, {"xlsx": path, "zip": path, "password": ..., "parquet": path}."""
import datetime
import decimal
import json
import sys
import warnings

import openpyxl
import pyarrow.parquet
import pyzipper
from python_calamine import CalamineWorkbook

# A reader that has something to complain about does so by a warning.
warnings.simplefilter("error")


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    if isinstance(value, (datetime.date, decimal.Decimal)):
        return str(value)
    return value


asked = json.load(sys.stdin)
workbook = openpyxl.load_workbook(asked["xlsx"])
calamine = CalamineWorkbook.from_path(asked["xlsx"])
archive = pyzipper.AESZipFile(asked["zip"])
archive.setpassword(asked["password"].encode())
table = pyarrow.parquet.read_table(asked["parquet"])
json.dump(
    {
        "openpyxl": {
            sheet.title: [[plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)] for sheet in workbook
        },
        "frozen": workbook["Data"].freeze_panes,
        "calamine": {
            name: [[plain(cell) for cell in row] for row in calamine.get_sheet_by_name(name).to_python()]
            for name in calamine.sheet_names
        },
        "zip": {name: archive.read(name).decode() for name in archive.namelist()},
        "types": {field.name: str(field.type) for field in table.schema},
        "rows": [[plain(value) for value in row.values()] for row in table.to_pylist()],
        "notice": (table.schema.metadata.get(b"tributary.notice") or b"").decode(),
    },
    sys.stdout,
)
