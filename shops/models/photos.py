"""Photos of goods, people and places."""

import uuid

from django.conf import settings
from django.db import models

from shops.statuses import PhotoStatus


class Photo(models.Model):
    """A picture made ready by a worker (rules.md 9); `sizes`: width → path under the folder that it is for.

    Private ones (evidence, private talk) lie under MEDIA_ROOT/private and never become pictures of goods.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    product = models.ForeignKey(
        "shops.Product", null=True, blank=True, on_delete=models.SET_NULL, related_name="photos"
    )
    position = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=10, choices=PhotoStatus, default=PhotoStatus.UPLOADED)
    is_private = models.BooleanField(default=False)
    original_path = models.CharField(max_length=200, blank=True)
    original_sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    dominant_color = models.CharField(max_length=7, default="#F6E7C1")
    sizes = models.JSONField(default=dict, blank=True)
    rejected_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return f"photo {self.public_id} ({self.status})"
