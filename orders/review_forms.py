"""Forms of reviews: what a buyer says, what a shop answers, what a reader reports."""

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.services.judging_reviews import REPLY_MAX, WORDS_MAX
from orders.services.reviewing import TEXT_MAX
from orders.statuses import ReviewFault

STARS = [
    (1, _("bad")),
    (2, _("not so good")),
    (3, _("it is all right")),
    (4, _("good")),
    (5, _("very good")),
]


class ReviewForm(forms.Form):
    """One to five stars, and words if one likes."""

    score = forms.TypedChoiceField(
        label=_("How is it?"),
        choices=STARS,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please tap a star.")},
    )
    text = forms.CharField(
        label=_("In your words"),
        max_length=TEXT_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("How does it taste, how did it arrive? Others decide by it."),
    )


class ReplyForm(forms.Form):
    """What the shop answers."""

    text = forms.CharField(
        label=_("Your answer"), max_length=REPLY_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReportForm(forms.Form):
    """What is wrong with a review."""

    fault = forms.ChoiceField(
        label=_("What is wrong with it?"), choices=ReviewFault, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("In your words"),
        max_length=WORDS_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
