"""What a team would write for two days after an incident, from a report alone: causes, precedents, costs, timeline."""

from runlens.render.postmortem.story import IncidentStory, Story, story

__all__ = ["IncidentStory", "Story", "story"]
