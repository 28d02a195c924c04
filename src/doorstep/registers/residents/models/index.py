"""The person index: each record as it is compared, the pairs that a person must look at, and every merge and move.

Who a record belongs to stands in ``ResidentRecord.resident`` alone; these tables say why, and hold what can be undone.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.call import Scope
from doorstep.kernel.store import ScopedManager, ScopedRow
from doorstep.registers.residents.models.register import Resident, ResidentRecord, present


class ResidentFacts(models.Model):
    """What a record says of a person, as ``rules.sayings.Saying`` (JSON), and the same in the form in which records are
    compared: the columns of ``linkage.facts.Facts`` in their order, and the keys that ``ResidentKey`` holds."""

    record = models.OneToOneField(ResidentRecord, on_delete=models.CASCADE, primary_key=True)
    said = models.JSONField()
    facts = ArrayField(models.TextField())
    keys = ArrayField(models.BigIntegerField())


class ResidentKey(models.Model):
    """A blocking key of a record (``linkage.keys.hashes``): what its candidates are found by."""

    pk = models.CompositePrimaryKey("key", "record_id")
    key = models.BigIntegerField()
    # A dozen of these a record: checking each against its record would cost more than writing it.
    record = models.ForeignKey(ResidentRecord, on_delete=models.CASCADE, db_index=False, db_constraint=False)


class ResidentFrequency(models.Model):
    """The share of records that say a value of ``column``, where more than one does: 王伟 says less than 欧阳若兰."""

    pk = models.CompositePrimaryKey("column", "value")
    column = models.CharField(max_length=20)
    value = models.CharField(max_length=300, db_collation="C")
    share = models.FloatField()


class MatchModel(models.Model):
    """A trained model with what it was tried on; it matches from the day on which the rule ``residents.matching``
    names it, and stands in the shadow until then."""

    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=100)
    model = models.JSONField()
    figures = models.JSONField(default=dict)
    shadow = models.JSONField(default=dict)
    used_from = models.DateTimeField(null=True)
    used_by = models.CharField(max_length=100, blank=True)


class RunKind(models.TextChoices):
    """What a run over all records does."""

    TRAIN = "train", _("训练")
    SHADOW = "shadow", _("试用比较")
    LINK = "link", _("批量归并")


class MatchRun(models.Model):
    """A run over all records that somebody asked for: how far it is, what it did, or why it failed."""

    kind = models.CharField(choices=RunKind.choices, max_length=20)
    model = models.ForeignKey(MatchModel, on_delete=models.CASCADE, null=True, related_name="+")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=100)
    asked_name = models.CharField(max_length=200, blank=True)
    stage = models.CharField(max_length=20, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    outcome = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="match_run_kind"),)


class Reason(models.TextChoices):
    """Why two records wait for a person."""

    WEIGHT = "weight", _("相似，但不足以确定")
    NUMBER = "number", _("号码相同，其他资料矛盾")
    SPLIT = "split", _("号码分属两个人")


class State(models.TextChoices):
    """What became of a doubt; settled: the two came together or apart in another way."""

    OPEN = "open", _("待核对")
    SAME = "same", _("同一人")
    DIFFERENT = "different", _("不是同一人")
    UNSURE = "unsure", _("无法判断")
    SETTLED = "settled", _("已另行处理")


class Doubt(ScopedRow):
    """Two records that may be one person's, the smaller id left. ``needed`` reviewers must give the same answer."""

    left = models.ForeignKey(ResidentRecord, on_delete=models.CASCADE, related_name="+", db_index=False)
    right = models.ForeignKey(ResidentRecord, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(choices=Reason.choices, max_length=20)
    detail = models.CharField(max_length=40, blank=True)
    bits = models.FloatField()
    needed = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(choices=State.choices, default=State.OPEN, max_length=20)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("left", "right"), name="doubt_once"),
            models.CheckConstraint(condition=Q(left__lt=F("right")), name="doubt_two"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="doubt_state"),
            models.CheckConstraint(condition=Q(reason__in=Reason.values), name="doubt_reason"),
        )
        indexes = (models.Index(fields=("state", "-id"), name="doubt_queue"),)

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Two records are shown side by side to those who know both of their people."""
        return present(scope, "left__resident_id") & present(scope, "right__resident_id")


class Answer(models.TextChoices):
    """What a reviewer may say of two records."""

    SAME = "same", _("同一人")
    DIFFERENT = "different", _("不是同一人")
    UNSURE = "unsure", _("无法判断")


class Judgement(models.Model):
    """A reviewer's answer; taken back it stays, and counts no longer."""

    doubt = models.ForeignKey(Doubt, on_delete=models.CASCADE, related_name="judgements")
    actor = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=200, blank=True)
    answer = models.CharField(choices=Answer.choices, max_length=20)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    objects = ScopedManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("doubt", "actor"), name="judgement_once", condition=Q(withdrawn_at__isnull=True)
            ),
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="judgement_answer"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Answers are seen where their doubt is."""
        return present(scope, "doubt__left__resident_id") & present(scope, "doubt__right__resident_id")


class How(models.TextChoices):
    """By what a record came to its resident, or residents came together."""

    NEW = "new", _("新的居民")
    NUMBER = "number", _("号码相同")
    WEIGHT = "weight", _("资料相符")
    REGROUPED = "regrouped", _("新资料到达后重新归并")
    BATCH = "batch", _("批量归并")
    REVIEW = "review", _("人工核对")
    HAND = "hand", _("人工合并")


class Merge(ScopedRow):
    """That one resident's records went to another's. ``moved`` are ids by table, so that all can go back."""

    kept = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+")
    gone = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+", db_index=False)
    how = models.CharField(choices=How.choices, max_length=20)
    doubt = models.ForeignKey(Doubt, on_delete=models.SET_NULL, null=True, related_name="+")
    actor = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)
    moved = models.JSONField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("gone",), name="merge_once", condition=Q(undone_at__isnull=True)),
            models.CheckConstraint(condition=~Q(kept=F("gone")), name="merge_two"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """A merge is seen where its records are: with the one kept, or with those whom that one was merged into."""
        return (
            present(scope, "kept_id")
            | present(scope, "kept__merged_into_id")
            | present(scope, "kept__merged_into__merged_into_id")
        )


class RecordMove(models.Model):
    """That a record went from one resident to another, why, and by whom."""

    record = models.ForeignKey(ResidentRecord, on_delete=models.CASCADE)
    before = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+", db_index=False)
    after = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+", db_index=False)
    how = models.CharField(choices=How.choices, max_length=20)
    actor = models.CharField(max_length=100)
    at = models.DateTimeField()

    objects = ScopedManager()

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """A move is seen where its record is."""
        return present(scope, "record__resident_id")
