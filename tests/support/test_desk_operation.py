"""The page of one operation in the admin: its whole story, and what can be done about it."""

import pytest

from tests.support.desk import DESK, REASON, decide, lose_order, order, swallow_answer, text_of


def page_of(operation) -> str:
    return f"/admin/operations/operation/{operation.pk}/change/"


def test_it_tells_the_story_with_what_went_over_the_line(video, cast, sue):
    swallowed = swallow_answer(video, cast.bob, quantity=5)
    answer = sue.get(page_of(swallowed))
    shown = text_of(answer)
    story = [
        "Asked for",
        "Sending 1",
        "POST /communication/kandy/provisioning/order",
        "Look 1 at the vendor",
        "Look 3 at the vendor",
    ]
    places = [shown.index(part) for part in story]
    assert places == sorted(places)
    assert 'name="_save"' not in answer.text
    for part in ("Bob", "Cannot tell", "Total now 6", "quantity&quot;: 5", "No answer came.", "authorization: ***"):
        assert part.lower() in shown.lower(), part


def test_it_offers_what_the_desk_offers_and_comes_back(video, cast, sue):
    lost = lose_order(video, cast.bob)
    page = sue.get(page_of(lost)).text
    for act in ("look_again", "send_again", "mark_done", "give_up"):
        assert f"/decide/{act}/?_selected_action={lost.pk}&amp;back=operation" in page
    answer = decide(sue, "give_up", lost, reason=REASON, back="operation")
    assert answer.redirect_chain[-1][0] == page_of(lost)
    assert REASON in text_of(answer)
    assert "/decide/" not in answer.text


def test_who_asked_is_not_offered_to_confirm_and_the_other_is(video, cast, sue, tom):
    lost = lose_order(video, cast.bob)
    decide(sue, "send_again", lost, reason=REASON)
    assert ["/decide/confirm/" in desk.get(page_of(lost)).text for desk in (sue, tom)] == [False, True]
    assert "You asked for it yourself" in text_of(sue.get(page_of(lost)))
    assert "/decide/send_again/" not in tom.get(page_of(lost)).text


def test_what_waits_behind_it_leads_to_it_on_the_admins_own_pages(video, cast, sue):
    lost = lose_order(video, cast.bob, 5)
    order(video, cast.bob, 7)
    waiting = sue.get(page_of(video.operation())).text
    assert f'href="{page_of(lost)}"' in waiting
    assert "/t/acme/" not in waiting


def test_what_has_ended_shows_the_vendors_number_for_it(video, cast, sue):
    order(video, cast.bob)
    video.work()
    assert video.orders()[0].number in text_of(sue.get(page_of(video.operation())))


def test_one_that_is_not_there_is_not_found(sue, cast):
    assert sue.get("/admin/operations/operation/1/change/").status_code == 404
    assert sue.get("/admin/operations/operation/x/change/").status_code == 404


def test_pages_ask_the_database_as_often_for_many_as_for_one(
    video, globex_video, cast, sue, tom, django_assert_max_num_queries
):
    lost = lose_order(video, cast.bob)
    decide(sue, "send_again", lost, reason=REASON)
    lose_order(globex_video, cast.charlie, 7)
    pages = [DESK, "/admin/", f"{DESK}unknown/", page_of(lost), f"/admin/desk/case-file/{lost.pk}/"]
    for url in pages:
        with django_assert_max_num_queries(12, info=url):
            tom.get(url)


@pytest.mark.parametrize("who", ["alice", "charlie"])
def test_it_is_nothing_to_members(video, cast, client, who):
    lost = lose_order(video, cast.bob)
    client.force_login(getattr(cast, who))
    for url in (page_of(lost), f"/admin/desk/case-file/{lost.pk}/"):
        assert client.get(url).status_code == 404
