# SPDX-License-Identifier: BSD-2-Clause
"""The comparison itself is tested: a document with any one field dropped, doubled, changed, renamed or moved is reported."""

import copy
import functools

import pytest

import compare
import conftest
import espcap
import sections

# So many documents, each of another stack of protocols.
DOCUMENTS = 24
# Larger ones take long and show nothing new.
MOST_FIELDS = 300


@functools.lru_cache(maxsize=None)
def samples():
    """Documents with their packets, from all captures."""
    seen = {}
    for capture in espcap.captures():
        packets = sections.packets(capture, espcap.tshark_options_for(capture))
        for document, packet in zip(conftest.full_run(capture).documents, packets):
            stack = document["layers"]["frame"].get("frame.protocols")
            if stack not in seen and len(list(places(document["layers"]))) <= MOST_FIELDS:
                seen[stack] = packet, document["layers"]
    step = max(len(seen) // DOCUMENTS, 1)
    return [seen[stack] for stack in sorted(seen)[::step]]


def places(layers):
    """(section, index of the object, field, index of the value) of every value of a document."""
    for section, content in layers.items():
        for number, item in enumerate(compare.as_list(content)):
            for name, value in item.items():
                for index, _ in enumerate(compare.as_list(value)):
                    yield section, number, name, index


def object_at(layers, section, number):
    return compare.as_list(layers[section])[number]


def values_at(layers, place):
    section, number, name, _ = place
    return compare.as_list(object_at(layers, section, number)[name])


def store(layers, place, values):
    """Puts the values back as a document has them: one alone, several in an array, none not at all."""
    section, number, name, _ = place
    item = object_at(layers, section, number)
    if not values:
        del item[name]
    else:
        item[name] = values if len(values) > 1 else values[0]


def drop(layers, place):
    values = list(values_at(layers, place))
    del values[place[3]]
    store(layers, place, values)


def double(layers, place):
    values = list(values_at(layers, place))
    store(layers, place, values + [values[place[3]]])


def replace(layers, place, change):
    values = list(values_at(layers, place))
    values[place[3]] = change(values[place[3]])
    store(layers, place, values)


def change_end(layers, place):
    replace(layers, place, lambda value: not value if isinstance(value, bool) else value + "x")


def change_start(layers, place):
    replace(layers, place, lambda value: str(value).lower() if isinstance(value, bool) else "~" + value[1:])


def change_type(layers, place):
    replace(layers, place, lambda value: 1 if value is True else 0 if value is False else [value])


def rename(layers, place):
    section, number, name, _ = place
    item = object_at(layers, section, number)
    item[name + "_"] = item.pop(name)


def move(layers, place):
    section, number, name, _ = place
    target = "network" if section == "link" else "link"
    home = object_at(layers, section, number)
    if isinstance(layers.get(target), dict) and name not in layers[target]:
        layers[target][name] = home.pop(name)
    else:
        del home[name]


CHANGES = (drop, double, change_end, change_start, change_type, rename, move)


@pytest.mark.parametrize("damage", CHANGES, ids=lambda function: function.__name__)
def test_every_damaged_field_is_reported(damage):
    unnoticed = []
    for packet, layers in samples():
        assert not compare.layers_differences(packet, layers)
        for place in places(layers):
            hurt = dict(layers)
            for section in {place[0], "link", "network"} & set(layers):
                hurt[section] = copy.deepcopy(layers[section])
            damage(hurt, place)
            if not compare.layers_differences(packet, hurt):
                unnoticed.append((layers["frame"]["frame.number"], place))
    assert not unnoticed


def test_the_samples_are_many():
    """A test over nothing would pass."""
    assert len(samples()) >= min(DOCUMENTS, 5)
    assert sum(len(list(places(layers))) for _, layers in samples()) > 500


def test_every_missing_section_is_reported():
    for packet, layers in samples():
        for section in layers:
            rest = {name: content for name, content in layers.items() if name != section}
            assert compare.layers_differences(packet, rest), section


def test_an_invented_section_is_reported():
    for packet, layers in samples():
        assert compare.layers_differences(packet, {**layers, "invented": {"a": "b"}})
