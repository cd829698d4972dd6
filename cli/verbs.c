/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/verbs.h"

#include <string.h>

#include "base/suggestion.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/config.h"
#include "cli/counters.h"
#include "cli/doctor.h"
#include "cli/events.h"
#include "cli/help.h"
#include "cli/lists.h"
#include "cli/metrics.h"
#include "cli/nodes.h"
#include "cli/pages.h"
#include "cli/print.h"
#include "cli/store.h"
#include "cli/top.h"
#include "cli/trace.h"

/* Of every verb that changes what a fleet shares. */
#define OPTION_EDIT (OPTION_JSON | OPTION_CONFIG | OPTION_REVISION)

const struct verb verbs[] = {
	{
		.name = "status",
		.help = "what this node is, its services, backends, gateways",
		.options = OPTION_JSON,
		.resource = "/status",
		.print = print_status,
	},
	{
		.name = "services",
		.help = "the services: VIPs, ports, backends that are open",
		.options = OPTION_JSON,
		.resource = "/status",
		.select = services_of,
		.print = print_services,
	},
	{
		.name = "backends",
		.help = "the backends of every service: id, weight, load, state",
		.options = OPTION_JSON,
		.resource = "/status",
		.select = backends_of,
		.print = print_backends,
	},
	{
		.name = "gateways",
		.help = "the gateways of this site, as this one sees them",
		.options = OPTION_JSON,
		.resource = "/status",
		.select = gateways_of,
		.print = print_gateways,
	},
	{
		.name = "counters",
		.help = "packets by verdict: what became of every one",
		.text = "Every packet ends in exactly one verdict. Verdicts that no packet had "
			"are left out, unless --all is given; with --json all are there. With "
			"--watch the table shows packets and bytes per second, again and again "
			"until Ctrl-C; with --json, too, it is one JSON object a line. With --list "
			"the verdicts of gateways, agents and replies, each explained, without a daemon; "
			"also in holdfast-counters(7).",
		.options = OPTION_JSON | OPTION_ALL | OPTION_WATCH | OPTION_COUNT | OPTION_LIST,
		.run = counters_run,
	},
	{
		.name = "metrics",
		.help = "the numbers that Prometheus and InfluxDB get",
		.text = "In Prometheus's text format, as the daemon gives them at /metrics (metrics.listen "
			"in the configuration); with --json, the state that they are read from. With "
			"--list the names, types and labels of all that there are, each explained, "
			"without a daemon; also in holdfast-metrics(7).",
		.options = OPTION_JSON | OPTION_LIST,
		.run = metrics_run,
	},
	{
		.name = "path",
		.usage = "tcp|udp CLIENT:PORT VIP:PORT [PACKET [TSECR]]",
		.help = "where a flow would go, and why",
		.text = "CLIENT and VIP are addresses, in brackets where they are IPv6: "
			"[2001:db8::1]:80. PACKET is a SYN that offers timestamps or a "
			"datagram (new, the default), a SYN without timestamps (bare), or one "
			"in mid-connection (midway). Such a packet goes by its cookie, if its "
			"timestamp echo (TSECR, as tcpdump prints it) has one: where to, is told "
			"if it is given.",
		.options = OPTION_JSON,
		.least = 3,
		.most = 5,
		.completions = {"tcp udp", "", "", "new bare midway"},
		.resource = "/path",
		.names = {"protocol", "client", "vip", "packet", "tsecr"},
		.print = print_path,
	},
	{
		.name = "rests",
		.help = "ids and key epochs that are not used again yet",
		.text = "A removed backend's id, and an epoch of cookie keys that new connections do not get "
			"any more, rest for a time (rest in the configuration) before something else may "
			"have them. With --json also what is in use, with since null.",
		.options = OPTION_JSON,
		.resource = "/rests",
		.print = print_rests,
	},
	{
		.name = "off",
		.usage = "SERVICE|all",
		.help = "switches a service off on this gateway: the kill switch",
		.text = "Its VIPs are withdrawn, where no other service needs them, and its packets "
			"are left to the host as if Holdfast were not there. It stays off, through "
			"restarts and new configurations, until it is switched on.",
		.options = OPTION_JSON,
		.least = 1,
		.most = 1,
		.resource = "/off",
		.changes = true,
		.names = {"service"},
		.print = print_switched,
	},
	{
		.name = "on",
		.usage = "SERVICE|all",
		.help = "switches a service on again",
		.options = OPTION_JSON,
		.least = 1,
		.most = 1,
		.resource = "/on",
		.changes = true,
		.names = {"service"},
		.print = print_switched,
	},
	{
		.name = "trace",
		.help = "single packets as they come: flow, verdict, time",
		.text = "A sample of the packets that the filters let through, until Ctrl-C or --count. "
			"The gateway exchanges its program for one that traces, without losing a "
			"packet, and back again at the end; tracing that is off costs nothing. If "
			"packets come faster than lines are read, some are not shown, and how many "
			"is said.",
		.options = OPTION_JSON | OPTION_COUNT | OPTION_FILTER,
		.run = trace_run,
	},
	{
		.name = "events",
		.help = "what has happened: backends, gateways, VIPs, reloads",
		.text = "The newest 2048 since the daemon was started, as in its log: what happened when, "
			"and why. With --json an object a line, which names whom it is about.",
		.options = OPTION_JSON | OPTION_COUNT | OPTION_FOLLOW,
		.run = events_run,
	},
	{
		.name = "top",
		.help = "what goes on, live: rates, gateways, services",
		.options = OPTION_JSON | OPTION_COUNT,
		.run = top_run,
	},
	{
		.name = "doctor",
		.help = "what is wrong with this node, and how to mend it",
		.text = "Looks at the host, its interfaces and programs, and sends probes of the "
			"configured size to the agents, which answer in XDP. A finding is a line: what "
			"is wrong, where, how to mend it; the exit status is 1 then. Nothing is "
			"changed. Needs no daemon with --config and --node.",
		.options = OPTION_JSON | OPTION_NODE | OPTION_CONFIG | OPTION_LIST,
		.run = doctor_verb_run,
	},
	{
		.name = "config",
		.help = "explain, check and compare configurations",
		.options = OPTION_JSON | OPTION_EXPLAIN,
	},
	{
		.name = "config check",
		.usage = "FILE",
		.help = "every error of a configuration, in one go",
		.text = "Reads FILE (-: standard input) as the daemons would, and the secret that it "
			"names. Every error is a line: file, line, the option's path, what is wrong, "
			"what is allowed. With --json each is an object with file, line, path and "
			"message; what it does not have is null. A note names the services whose backends "
			"nobody checks though they do not say check: off (--json: unchecked). Needs no daemon; the one "
			"whose configuration FILE is, is asked what rests (holdfast rests).",
		.options = OPTION_JSON,
		.least = 1,
		.most = 1,
		.completions = {"FILE"},
		.run = config_check_run,
	},
	{
		.name = "config diff",
		.usage = "FILE",
		.help = "what FILE would change in the data plane, before it does",
		.text = "Compares FILE with the configuration that the daemon on this machine "
			"uses, for its node: VIPs that come and go, are announced or withdrawn; "
			"services; backends that open, close or go; how much of each service's "
			"new connections would go elsewhere; and whether programs are loaded "
			"anew. FILE is taken as the daemon would find it, in place of its own: "
			"the secret's name is relative to the folder of that one. With store: etcd FILE "
			"is compared with what the daemon has taken from there. With "
			"--against and --node it needs no daemon.",
		.options = OPTION_JSON | OPTION_NODE | OPTION_AGAINST,
		.least = 1,
		.most = 1,
		.completions = {"FILE"},
		.run = config_diff_run,
	},
	{
		.name = "config explain",
		.usage = "[PATH]",
		.help = "the options of the configuration: type, bounds, meaning",
		.text = "PATH is an option or what holds options, as in services.*.backends; a "
			"name of your own may stand for the *. Without PATH all are explained. "
			"Also written holdfast config --explain.",
		.options = OPTION_JSON | OPTION_EXPLAIN,
		.most = 1,
		.completions = {"OPTION"},
		.run = config_explain_run,
	},
	{
		.name = "config schema",
		.help = "the configuration's JSON schema, for editors",
		.text = "Of draft 2020-12. What concerns several options at once it cannot say; "
			"holdfast config check does.",
		.options = OPTION_JSON,
		.run = config_schema_run,
	},
	{
		.name = "config push",
		.usage = "FILE",
		.help = "makes FILE the configuration of a fleet, in its store",
		.text = "FILE is checked, and replaces what etcd has, as a whole. With --revision only "
			"what one has looked at is replaced: config pull says of which revision it is. "
			"Comments are not kept. Refused is what gives an id that rests to another backend, "
			"or ends an epoch of keys that rests (rest in the configuration), unless with "
			"--force.",
		.options = OPTION_EDIT | OPTION_FORCE,
		.least = 1,
		.most = 1,
		.completions = {"FILE"},
		.with_file = "edit it, or put FILE in its place",
		.run = config_push_run,
	},
	{
		.name = "config pull",
		.help = "the configuration of a fleet, from its store",
		.options = OPTION_CONFIG,
		.with_file = "it is this one",
		.run = config_pull_run,
	},
	{
		.name = "nodes",
		.help = "the fleet's nodes that live, and what each of them sees",
		.text = "From the store alone, so from anywhere. Each daemon with store: etcd keeps an entry "
			"there, which goes 15 seconds after it. The revision is that of the configuration "
			"that it uses. A gateway's generation is a digest of its rows, equal on those of a "
			"site that agree; open are backends of services, of all that it knows; load is that "
			"of its site. An agent's load is its host's. State is some seconds old, load half a "
			"minute. What decides is asked for by each gateway itself: holdfast backends there.",
		.options = OPTION_JSON | OPTION_CONFIG,
		.with_file = "only a store knows which nodes live; ask them: holdfast status on each, or "
			     "holdfast gateways and holdfast backends on a gateway of each site",
		.run = nodes_run,
	},
	{
		.name = "backend",
		.help = "add, drain and remove backends of a fleet",
		.options = OPTION_EDIT | OPTION_FORCE,
	},
	{
		.name = "backend add",
		.usage = "NAME OPTIONS [SERVICE...]",
		.help = "adds a backend, to services too",
		.text = "OPTIONS are as in the configuration: '{id: 4, locator: \"fd48:0:0:204::/64\", "
			"interfaces: [eth0]}'. Without an id it gets the lowest that is free. One that "
			"rests, since a removed backend had it, is refused, unless with --force.",
		.options = OPTION_EDIT | OPTION_FORCE,
		.least = 2,
		.most = VERB_ARGUMENTS_MAX,
		.with_file = "add it to backends, and to services.*.backends of its services",
		.run = backend_add_run,
	},
	{
		.name = "backend drain",
		.usage = "NAME",
		.help = "no new connections for it, in all services",
		.options = OPTION_EDIT,
		.least = 1,
		.most = 1,
		.with_file = "set enabled: false at services.*.backends.NAME, in each service that has it",
		.run = backend_drain_run,
	},
	{
		.name = "backend undrain",
		.usage = "NAME",
		.help = "new connections for it again",
		.options = OPTION_EDIT,
		.least = 1,
		.most = 1,
		.with_file = "set enabled: true at services.*.backends.NAME, in each service that has it",
		.run = backend_undrain_run,
	},
	{
		.name = "backend remove",
		.usage = "NAME",
		.help = "removes a backend that has no connections left",
		.text = "Refused while the gateway that is asked knows of connections, unless with "
			"--force. A removed backend's id rests before another one has it: 24 hours, "
			"unless the configuration says something else (rest).",
		.options = OPTION_EDIT | OPTION_FORCE,
		.least = 1,
		.most = 1,
		.with_file = "take it out of every services.*.backends, and of backends, when it has no "
			     "connections left (holdfast backends)",
		.run = backend_remove_run,
	},
	{
		.name = "service",
		.help = "add, change and remove services of a fleet",
		.options = OPTION_EDIT | OPTION_FORCE,
	},
	{
		.name = "service add",
		.usage = "NAME OPTIONS",
		.help = "adds a service; OPTIONS are as in the configuration",
		.options = OPTION_EDIT,
		.least = 2,
		.most = 2,
		.with_file = "add services.NAME",
		.run = service_add_run,
	},
	{
		.name = "service set",
		.usage = "NAME PATH VALUE",
		.help = "sets an option of a service",
		.text = "PATH is below the service, such as backends.b1.weight; VALUE is as in the "
			"configuration.",
		.options = OPTION_EDIT,
		.least = 3,
		.most = 3,
		.with_file = "set the option at services.NAME",
		.run = service_set_run,
	},
	{
		.name = "service remove",
		.usage = "NAME",
		.help = "removes a service that has no connections left",
		.text = "Refused while the gateway that is asked knows of connections, unless with "
			"--force.",
		.options = OPTION_EDIT | OPTION_FORCE,
		.least = 1,
		.most = 1,
		.with_file = "take out services.NAME",
		.run = service_remove_run,
	},
	{
		.name = "gateway",
		.help = "drain a gateway of a fleet, and let it in again",
		.options = OPTION_EDIT,
	},
	{
		.name = "gateway drain",
		.usage = "NAME",
		.help = "its traffic leaves, before it is stopped",
		.text = "Its VIPs are announced with the community of graceful shutdown until clients' "
			"packets come no more, then they are withdrawn. Where that is, holdfast status on "
			"the gateway says, and holdfast events --follow. It forwards until it is stopped.",
		.options = OPTION_EDIT,
		.least = 1,
		.most = 1,
		.with_file = "set enabled: false at gateways.NAME",
		.run = gateway_drain_run,
	},
	{
		.name = "gateway undrain",
		.usage = "NAME",
		.help = "it announces its VIPs again",
		.options = OPTION_EDIT,
		.least = 1,
		.most = 1,
		.with_file = "set enabled: true at gateways.NAME",
		.run = gateway_undrain_run,
	},
	{
		.name = "site",
		.help = "drain a site of a fleet, and open it again",
		.options = OPTION_EDIT,
	},
	{
		.name = "site drain",
		.usage = "NAME",
		.help = "new connections go elsewhere, then the VIPs",
		.text = "Its gateways announce their VIPs with the community of graceful shutdown until "
			"clients' packets come no more, then they withdraw them. Where that is, holdfast "
			"status on each gateway says, and holdfast events --follow.",
		.options = OPTION_EDIT,
		.least = 1,
		.most = 1,
		.with_file = "set enabled: false at sites.NAME",
		.run = site_drain_run,
	},
	{
		.name = "site undrain",
		.usage = "NAME",
		.help = "it takes new connections again",
		.options = OPTION_EDIT,
		.least = 1,
		.most = 1,
		.with_file = "set enabled: true at sites.NAME",
		.run = site_undrain_run,
	},
	{
		.name = "completion",
		.usage = "bash",
		.help = "completion of this command line for a shell",
		.text = "To try it: source <(holdfast completion bash).",
		.least = 1,
		.most = 1,
		.completions = {"bash"},
		.run = completion_run,
	},
	{
		.name = "help",
		.usage = "[VERB]",
		.help = "this, or more about a verb",
		.most = 2,
		.completions = {"VERB"},
		.run = help_run,
	},
	{
		.name = "man",
		.usage = "PAGE",
		.help = "the source of a manual page",
		.least = 1,
		.most = 1,
		.hidden = true,
		.run = pages_run,
	},
};

const int n_verbs = sizeof(verbs) / sizeof(*verbs);

bool verb_is_group(const struct verb *verb)
{
	return !verb->resource && !verb->run;
}

bool verb_is_under(const struct verb *verb, const struct verb *group)
{
	size_t length = strlen(group->name);

	return strncmp(verb->name, group->name, length) == 0 && verb->name[length] == ' ';
}

static const struct verb *verb_named(const char *name)
{
	for (int i = 0; i < n_verbs; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* The second words under a group, or the first words of all. */
static const struct verb *complain(const char *word, const struct verb *group,
				   char text[static 512])
{
	struct suggestion suggestion = {.wanted = word};
	const char *list;

	for (int i = 0; i < n_verbs; i++) {
		if (group && verb_is_under(&verbs[i], group))
			suggestion_offer(&suggestion, verbs[i].name + strlen(group->name) + 1);
		if (!group && !verbs[i].hidden && !strchr(verbs[i].name, ' '))
			suggestion_offer(&suggestion, verbs[i].name);
	}
	list = suggestion_text(&suggestion);
	snprintf(text, 512, "%s%s%.64s: no such verb, %s%s", group ? group->name : "", group ? " " : "",
		 word, list, strstr(list, "...") ? " (all: holdfast help)" : "");
	return NULL;
}

const struct verb *verb_find(int n, char **words, int *ret_used, char complaint[static 512])
{
	const struct verb *verb = verb_named(words[0]);
	char both[64];

	*ret_used = 1;
	if (!verb)
		return complain(words[0], NULL, complaint);
	if (!verb_is_group(verb) || n < 2)
		return verb;
	snprintf(both, sizeof(both), "%.20s %.40s", words[0], words[1]);
	*ret_used = 2;
	return verb_named(both) ?: complain(words[1], verb, complaint);
}
