/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/verbs.h"

#include "cli/doctor.h"
#include "cli/print.h"

const struct verb verbs[] = {
	{
		.name = "status",
		.help = "what this node is, its services, backends, gateways",
		.resource = "/status",
		.print = print_status,
	},
	{
		.name = "counters",
		.help = "packets by verdict: what became of every one",
		.resource = "/counters",
		.print = print_counters,
	},
	{
		.name = "path",
		.usage = "tcp|udp CLIENT:PORT VIP:PORT [new|bare|midway]",
		.help = "where a flow would go, and why",
		.least = 3,
		.most = 4,
		.resource = "/path",
		.names = {"protocol", "client", "vip", "packet"},
		.print = print_path,
	},
	{
		.name = "doctor",
		.help = "what is wrong with this node, and how to mend it",
		.run = doctor_verb_run,
	},
};

const int n_verbs = sizeof(verbs) / sizeof(*verbs);
