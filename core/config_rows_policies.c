/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options of policies: when a site hands new connections to others, and when they come home. */
#include "core/config_part.h"

#include "core/config.h"

#define POLICIES_MAX 256
#define CAPACITY_MAX 1000000000

#define PERCENT .type = CONFIG_NUMBER, .unit = "%"

static const struct config_row rows[] = {
	{
		.path = "policies",
		.type = CONFIG_ITEMS,
		.max = POLICIES_MAX,
		.help = "Profiles that services use by their names: how much a site can take, and what "
			"becomes of the rest. Every site goes by its own use of its own capacity.",
		MANY_AT(config, policies),
	},
	{
		.path = "policies.*.capacity",
		.type = CONFIG_GROUP,
		.help = "How much of the service a site can take: connections, rate or load, one of "
			"them, as the agents tell. Without one it is never used up, and new "
			"connections leave only a site that cannot serve at all.",
		AT(config_policy, capacity),
	},
	{
		.path = "policies.*.capacity.connections",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = CAPACITY_MAX,
		.unit = "connections",
		.help = "That can be open at once.",
		AT(config_capacity, connections),
	},
	{
		.path = "policies.*.capacity.rate",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = CAPACITY_MAX,
		.unit = "new connections a second",
		.help = "That can be taken.",
		AT(config_capacity, rate),
	},
	{
		.path = "policies.*.capacity.load",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = 1000,
		.unit = "thousandths of the CPUs",
		.help = "Of a site's backends, on the average, that can be busy.",
		AT(config_capacity, load),
	},
	{
		.path = "policies.*.capacity.per",
		.type = CONFIG_CHOICE,
		.choices = {{"backend", CONFIG_PER_BACKEND}, {"site", CONFIG_PER_SITE}},
		.fallback = "backend",
		.help = "Whose connections or rate it is: an average backend's, or a site's with all of "
			"its backends open. What is open counts by its weight.",
		AT(config_capacity, per),
	},
	{
		.path = "policies.*.spill",
		.type = CONFIG_GROUP,
		.help = "Where to and from which use on new connections go to other sites.",
		AT(config_policy, spill),
	},
	{
		.path = "policies.*.spill.at",
		PERCENT,
		.min = 1,
		.max = 100,
		.fallback = "90",
		.help = "The mark: so much of the capacity is used before new connections go to other "
			"sites, as many as keep it there. A site above its own mark is given none.",
		AT(config_spill, at),
	},
	{
		.path = "policies.*.spill.to",
		.type = CONFIG_REFERENCE,
		.list = true,
		.refers_to = "sites",
		.word = "nearest",
		.allowed = "nearest, or names of sites, the preferred one first",
		.fallback = "nearest",
		.help = "Which sites are given what is above the mark. nearest: all others, in the order "
			"of sites.*.near. Sites that are not named only stand in for one that cannot "
			"serve at all, when no named one can.",
		MANY_AT(config_spill, to),
	},
	{
		.path = "policies.*.recover",
		.type = CONFIG_GROUP,
		.help = "How new connections come home; old ones stay where they are.",
		AT(config_policy, recover),
	},
	{
		.path = "policies.*.recover.below",
		PERCENT,
		.min = 1,
		.max = 99,
		.help = "So little of the capacity has to be used before more of them stay. In between "
			"everything stays as it is, so nothing swings. Without: ten less than spill.at.",
		AT(config_recover, below),
	},
	{
		.path = "policies.*.recover.step",
		PERCENT,
		.min = 1,
		.max = 100,
		.fallback = "10",
		.help = "How many of all new connections may come home in a second more than in the one "
			"before.",
		AT(config_recover, step),
	},
	{
		.path = "policies.*.recover.after",
		.type = CONFIG_NUMBER,
		.min = 0,
		.max = 3600,
		.unit = "s",
		.fallback = "0",
		.help = "How long a site that could not serve has to be able to before the first of them "
			"come home.",
		AT(config_recover, after_s),
	},
	{
		.path = "policies.*.min-healthy",
		PERCENT,
		.min = 0,
		.max = 100,
		.fallback = "0",
		.help = "With fewer of its backends open, by weight, a site counts as one that cannot "
			"serve, as long as another site can.",
		AT(config_policy, min_healthy),
	},
};

const struct config_part config_rows_policies = PART(rows);
