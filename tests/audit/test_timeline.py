"""How happenings are joined: by click, each told once, the newest click first. No database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal.audit.timeline import Happening, by_object, by_story, join

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def happening(text: str, minute: float, **known) -> Happening:
    return Happening(at=NOON + timedelta(minutes=minute), text=text, **known)


def entry(text: str, minute: float, act: str, **known) -> Happening:
    known = {"ip_address": "203.0.113.7", "entry_id": int(minute * 10) + 1, "ref": "operations.operation:1"} | known
    return happening(text, minute, act=act, **known)


def told(happenings, *keys) -> list[list[str]]:
    return [[one.text for one in (thread.first, *thread.rest)] for thread in join(happenings, *keys)]


def test_what_came_of_one_click_stands_together_and_the_newest_click_first():
    assert told(
        [
            happening("first, done", 9, request_id="a"),
            happening("second", 5, request_id="b"),
            happening("first", 1, request_id="a"),
        ]
    ) == [["second"], ["first", "first, done"]]


def test_what_came_of_no_click_stands_alone():
    assert told([happening("found", 1), happening("found too", 2)]) == [["found too"], ["found"]]


def test_what_hangs_on_an_operation_without_a_click_stands_with_it():
    root = {"root": "operations.operation:1"}
    assert told([happening("asked", 1, **root), happening("done", 2, **root)]) == [["asked", "done"]]


def test_all_of_one_story_is_told_under_the_click_that_began_it():
    happenings = [happening("ordered", 1, request_id="a"), happening("seen changed", 7)]
    assert told(happenings, by_story) == [["ordered", "seen changed"]]
    assert told(happenings[1:], by_story) == [["seen changed"]]


def test_what_hangs_on_something_stays_with_it_whoever_clicked_later():
    root = {"root": "provisioning.drift:1"}
    assert told([happening("found", 1, **root), happening("adopted", 9, request_id="a", **root)]) == [
        ["found", "adopted"]
    ]


def test_of_one_click_each_object_stands_by_itself():
    happenings = [
        happening("order 1", 1, request_id="a", root="operations.operation:1"),
        happening("order 2", 2, request_id="a", root="operations.operation:2"),
        happening("order 1, done", 3, request_id="a", root="operations.operation:1"),
        happening("settings", 4, request_id="a", ref="tenancy.tenant:1"),
    ]
    assert told(happenings, by_object) == [["settings"], ["order 2"], ["order 1", "order 1, done"]]


def test_the_click_comes_first_even_where_the_vendors_clock_is_behind():
    happenings = [
        happening("taken", -2, request_id="a", vendors_clock=True),
        happening("ordered", 0, request_id="a", begins=True),
    ]
    assert told(happenings) == [["ordered", "taken"]]


def test_what_app_and_trail_both_tell_is_told_once_in_the_apps_words_with_what_only_the_trail_knows():
    asked = happening("Order products", 1, act="operations.asked", ref="operations.operation:1", who="Bob")
    (thread,) = join([asked, entry("Asked for an operation", 1.1, "operations.asked", on_behalf_of="Vera")])
    assert (thread.first.text, thread.first.who, thread.rest) == ("Order products", "Bob", [])
    assert (thread.first.on_behalf_of, thread.first.ip_address, thread.first.entry_id) == ("Vera", "203.0.113.7", 12)


def test_an_entry_about_something_else_or_of_another_act_is_told_itself():
    asked = happening("Order products", 1, act="operations.asked", ref="operations.operation:1")
    entries = [
        entry("Asked for another", 2, "operations.asked", ref="operations.operation:2"),
        entry("Made a case file", 3, "operations.case_file_made"),
    ]
    assert told([asked, *entries]) == [["Made a case file"], ["Asked for another"], ["Order products"]]


def test_the_same_act_twice_takes_its_own_entry_each_time():
    look = happening("Asked for another look", 1, act="operations.look_again_decided", ref="operations.operation:1")
    entries = [entry("", minute, "operations.look_again_decided") for minute in (1.1, 4.1)]
    threads = join([look, replace(look, at=NOON + timedelta(minutes=4)), *entries])
    assert [thread.first.entry_id for thread in threads] == [42, 12]
