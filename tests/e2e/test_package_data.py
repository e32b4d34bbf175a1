# SPDX-License-Identifier: Apache-2.0
"""Files that are no code but are opened as the import system opens code: false blocks would break real packages."""
import json


def test_package_data_is_read(box, mode):
    box.write("package/__init__.py", "import pkgutil\nVOCABULARY = pkgutil.get_data(__name__, 'vocabulary.json')\n"
                                     "NOTES = pkgutil.get_data(__name__, 'NOTES')\nBLOB = pkgutil.get_data(__name__, 'table.bin')\n")
    box.write("package/vocabulary.json", json.dumps({"a": [None, True], "(": 1}))
    box.write("package/NOTES", "It's not code (at all\n")
    box.write("package/table.bin", bytes(range(256)))
    script = "import sys\nsys.path.insert(0, ROOT)\nimport package\n" \
             "print(len(package.VOCABULARY), len(package.NOTES), len(package.BLOB))\n"
    expected = box.run(script, "none").out
    outcome = box.run(script, mode)
    assert (outcome.out, outcome.rc) == (expected, 0), outcome.err
    assert expected.split() == ["27", "22", "256"]
