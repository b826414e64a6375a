# SPDX-License-Identifier: BSD-2-Clause
"""Compares a document with the same packet of `tshark -T pdml`: nothing dropped, nothing invented, nothing changed."""

import collections

import pdml


def typed(value):
    """True and "True" and 1 are different values."""
    return type(value).__name__, value if isinstance(value, (str, int, float)) else repr(value)


def as_list(value):
    return value if isinstance(value, list) else [value]


def value_differences(place, expected, actual):
    """Differences between the values that one field must have and those it has; their order is not compared."""
    left = collections.Counter(typed(value) for value in actual)
    missing = []
    lossy = []
    for value in expected:
        if isinstance(value, pdml.Lossy):
            lossy.append(value)
        elif left[typed(value)] > 0:
            left[typed(value)] -= 1
        else:
            missing.append(value)
    for value in lossy:
        found = next((item for item in left if left[item] > 0 and value.matches(item[1])), None)
        if found is None:
            missing.append(value)
        else:
            left[found] -= 1
    invented = [value for (_, value), count in left.items() for _ in range(count)]
    return (["%s: %r is missing" % (place, value) for value in missing]
            + ["%s: %r is invented" % (place, value) for value in invented])


def object_differences(place, expected, actual):
    """expected: (envelope, fields); actual: an object of the document."""
    envelope, fields = expected
    differences = []
    if not isinstance(actual, dict):
        return ["%s: not an object" % place]
    if actual.get("envelope") != envelope:
        differences.append("%s: envelope is %r, not %r" % (place, actual.get("envelope"), envelope))
    found = {}
    for name, value in actual.items():
        if name != "envelope":
            values = as_list(value)
            if isinstance(value, list) and len(values) < 2:
                differences.append("%s.%s: an array of %d" % (place, name, len(values)))
            found.setdefault(pdml.homonym(name), []).extend(values)
    for name in sorted(set(fields) | set(found)):
        differences += value_differences("%s.%s" % (place, name), fields.get(name, []), found.get(name, []))
    return differences


def section_differences(name, expected, actual):
    if actual is None:
        return ["%s: missing" % name]
    if isinstance(actual, list) and len(actual) == 1 and name != "tunnel":
        return ["%s: an array of one object" % name]
    if isinstance(actual, dict) and name == "tunnel":
        return ["tunnel: not an array"]
    objects = [item for item in as_list(actual) if item != {}]
    if len(objects) != len(expected):
        return ["%s: %d objects, not %d" % (name, len(objects), len(expected))]
    differences = []
    for index, pair in enumerate(zip(expected, objects)):
        place = name if len(expected) == 1 else "%s[%d]" % (name, index)
        differences += object_differences(place, *pair)
    return differences


def layers_differences(packet, layers):
    """packet: a sections.Packet; layers: that member of the document."""
    expected = packet.sections
    differences = []
    for name in sorted(set(expected) | set(layers)):
        if name not in expected:
            differences.append("%s: invented" % name)
        else:
            differences += section_differences(name, expected[name], layers.get(name))
    return differences
