# SPDX-License-Identifier: BSD-2-Clause
"""Display filters as queries of the index, without a server: query_oracle.py over a few captures.

By hand over all of them, with more filters: tests/system/query_oracle.py --build=build/san --filters=5000 CAPTURE...
"""

import os
import subprocess
import sys

import espcap

BUILD = os.path.dirname(espcap.PROGRAM)
DRIVER = "tests/system/query_driver"
HERE = os.path.dirname(os.path.abspath(__file__))


def test_filters_find_what_tshark_finds():
    made = subprocess.run(["make", "-s", DRIVER], cwd=BUILD, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    captures = [os.path.join(HERE, "..", "..", "test_pcaps", name) for name in ("http.pcap", "dns.pcap", "snmp.pcap")]
    result = subprocess.run([sys.executable, os.path.join(HERE, "query_oracle.py"), "--build=" + BUILD,
                             "--plain=" + os.path.dirname(espcap.PLAIN), "--filters=150", *captures], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    totals = dict(line.rsplit(None, 1) for line in result.stdout.splitlines()[len(captures):])
    assert int(totals["tried"]) > 400 and totals["wrong"] == "0", result.stdout
