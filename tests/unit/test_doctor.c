/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The doctor's judgement: facts by hand, and what is said of them. */
#include "tests/unit/planned.h"

#include <errno.h>

#include "doctor/checks.h"
#include "wire/srv6.h"

#define WEB SERVICE("web", "198.51.100.80, \"2001:db8:100::80\"", "80", "b1: {}, b2: {}")
#define SECRET 0x1122334455667788

/* A node that is well: g1 with b1 and b2 in reach, or b1. Tests spoil one fact. */
struct patient {
	struct config *config;
	struct plan *plan;
	struct fact_interface interface;
	struct fact_address addresses[2];
	struct fact_vip vips[2];
	struct network stray;
	struct fact_target targets[2];
	struct fact_drop drop;
	struct facts facts;
	struct findings findings;
};

static struct fact_target target_of(const struct config_backend *backend)
{
	return (struct fact_target){
		.name = backend->name,
		.sid = sid_make(&backend->locator, SRV6_PROBE),
		.agent = true,
		.route = 1,
		.small.end = PROBE_ANSWERED,
		.full.end = PROBE_ANSWERED,
		.fingerprint = SECRET,
	};
}

static void fill(struct patient *patient, enum role role)
{
	struct facts *facts = &patient->facts;

	patient->interface = (struct fact_interface){.name = "eth0",
						     .ifindex = 2,
						     .running = true,
						     .mtu = 1500,
						     .xdp = XDP_NATIVE,
						     .stamp = YES,
						     .veth = true,
						     .peer = "b1",
						     .peer_xdp = YES,
						     .peer_checksum = NO,
						     .arp_ignore = 1};
	strcpy(patient->interface.program, role == ROLE_GATEWAY ? "gateway" : "agent_accept");
	for (size_t i = 0; i < 2; i++) {
		patient->targets[i] = target_of(&patient->config->backends[i]);
		patient->targets[i].infrastructure =
			network_prefix(&patient->config->infrastructure);
		patient->vips[i] = (struct fact_vip){.network = &patient->plan->vips[i].network,
						     .wanted = YES,
						     .announced = true};
		patient->addresses[i] = (struct fact_address){patient->plan->vips[i].network, true};
	}
	*facts = (struct facts){
		.role = role,
		.node = role == ROLE_GATEWAY ? "g1" : "b1",
		.socket = "/run/s",
		.config_file = "/etc/h.yaml",
		.config = patient->config,
		.plan = patient->plan,
		.fingerprint = SECRET,
		.daemon = true,
		.timestamps = 2,
		.default_v4 = true,
		.default_v6 = true,
		.probe_source = true,
		.jit = YES,
		.interfaces = &patient->interface,
		.n_interfaces = 1,
		.addresses = patient->addresses,
		.n_addresses = role == ROLE_GATEWAY ? 0 : 2,
		.vips = patient->vips,
		.n_vips = role == ROLE_GATEWAY ? 2 : 0,
		.strays = &patient->stray,
		.targets = patient->targets,
		.n_targets = role == ROLE_GATEWAY ? 2 : 0,
		.drops = &patient->drop,
	};
}

static struct patient *patient_new(enum role role)
{
	struct patient *patient = calloc(1, sizeof(*patient));

	patient->config = config_of(FLEET WEB);
	if (role == ROLE_GATEWAY)
		assert_int_equal(plan_gateway(patient->config,
					      config_gateway(patient->config, "g1"), &test_keys,
					      &patient->plan),
				 0);
	else
		assert_int_equal(plan_agent(patient->config, config_backend(patient->config, "b1"),
					    &patient->plan),
				 0);
	fill(patient, role);
	return patient;
}

static void patient_free(struct patient *patient)
{
	findings_clear(&patient->findings);
	plan_free(patient->plan);
	config_free(patient->config);
	free(patient);
}

/* Exactly this one check speaks, once, and says all of these. */
static void assert_finding(struct patient *patient, const char *check, const char *what,
			   const char *where, const char *mend)
{
	const struct finding *finding;

	checks_judge(&patient->facts, &patient->findings);
	assert_int_equal(patient->findings.n, 1);
	finding = &patient->findings.list[0];
	assert_string_equal(finding->check->name, check);
	if (!strstr(finding->what, what))
		fail_msg("'%s' does not say '%s'", finding->what, what);
	assert_string_equal(finding->where, where);
	if (!strstr(finding->mend, mend))
		fail_msg("'%s' does not say '%s'", finding->mend, mend);
	patient_free(patient);
}

static void assert_well(struct patient *patient)
{
	checks_judge(&patient->facts, &patient->findings);
	if (patient->findings.n)
		fail_msg("%s: %s", patient->findings.list[0].check->name,
			 patient->findings.list[0].what);
	patient_free(patient);
}

static void a_healthy_node_gets_no_finding(void **state)
{
	assert_well(patient_new(ROLE_GATEWAY));
	assert_well(patient_new(ROLE_BACKEND));
}

static void every_check_has_a_name_of_its_own_and_a_remedy(void **state)
{
	for (size_t i = 0; i < n_checks; i++) {
		assert_true(strlen(checks[i].name) <= 17 && strlen(checks[i].mend) > 0);
		assert_true(checks[i].roles && checks[i].judge);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(checks[i].name, checks[j].name);
	}
}

static void a_remedy_takes_values_for_its_words_in_braces(void **state)
{
	static const struct {
		const char *text;
		const char *wanted;
	} rows[] = {
		{"ip link set {INTERFACE} mtu {MTU}", "ip link set eth0 mtu 1500"},
		{"{A}", "eth0"},
		{"{A} {B} {C}", "eth0 1500 C"},
		{"nothing", "nothing"},
		{"{open", "{open"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = mend_text(rows[i].text, mend_with("eth0", "1500"));

		assert_string_equal(text, rows[i].wanted);
		free(text);
	}
}

static void a_daemon_that_is_away_is_told_from_a_node_without_programs(void **state)
{
	struct patient *patient = patient_new(ROLE_BACKEND);

	patient->facts.daemon = false;
	assert_finding(patient, "daemon", "its program goes on", "/run/s",
		       "systemctl start holdfast-agent");
	patient = patient_new(ROLE_GATEWAY);
	patient->facts.daemon = false;
	patient->interface.xdp = XDP_NONE;
	checks_judge(&patient->facts, &patient->findings);
	assert_int_equal(patient->findings.n, 2);
	assert_non_null(strstr(patient->findings.list[0].what, "not attached"));
	patient_free(patient);
}

static void faults_of_an_interface_are_named(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->interface = (struct fact_interface){.name = "eth0"};
	assert_finding(patient, "interface-missing", "no interface eth0", "/etc/h.yaml",
		       "create eth0");
	patient = patient_new(ROLE_GATEWAY);
	patient->interface.running = false;
	assert_finding(patient, "interface-down", "no carrier", "eth0", "ip link set eth0 up");
	patient = patient_new(ROLE_GATEWAY);
	patient->interface.mtu = 1499;
	assert_finding(patient, "interface-mtu", "1499", "eth0", "ip link set eth0 mtu 1500");
	patient = patient_new(ROLE_GATEWAY);
	patient->interface.lro = true;
	assert_finding(patient, "lro", "large receive offload", "eth0", "ethtool -K eth0 lro off");
	patient = patient_new(ROLE_BACKEND);
	patient->interface.peer_checksum = YES;
	assert_finding(patient, "veth-checksum", "(b1)", "eth0", "ethtool -K b1 tx off");
	patient = patient_new(ROLE_BACKEND);
	patient->interface.peer_xdp = NO;
	assert_finding(patient, "veth-peer-xdp", "no XDP program", "eth0", "(b1)");
}

static void what_could_not_be_seen_is_no_fault(void **state)
{
	struct patient *patient = patient_new(ROLE_BACKEND);

	patient->interface.peer_xdp = patient->interface.peer_checksum = UNSEEN;
	patient->interface.stamp = UNSEEN;
	patient->interface.rp_filter = patient->interface.arp_ignore = -1;
	patient->facts.timestamps = -1;
	patient->facts.jit = UNSEEN;
	assert_well(patient);
	patient = patient_new(ROLE_GATEWAY);
	patient->vips[0] = (struct fact_vip){.network = patient->vips[0].network, .wanted = UNSEEN};
	patient->targets[0].small.end = patient->targets[0].full.end = PROBE_UNSENT;
	assert_well(patient);
}

static void faults_of_the_program_are_told_apart(void **state)
{
	struct patient *patient = patient_new(ROLE_BACKEND);

	patient->interface.xdp = XDP_NONE;
	assert_finding(patient, "xdp-missing", "agent's XDP program", "eth0",
		       "systemctl reload holdfast-agent");
	patient = patient_new(ROLE_BACKEND);
	strcpy(patient->interface.program, "other");
	assert_finding(patient, "xdp-foreign", "(other)", "eth0", "xdp off");
	patient = patient_new(ROLE_GATEWAY);
	patient->interface.xdp = XDP_GENERIC;
	assert_finding(patient, "xdp-generic", "several times slower", "eth0", "xdpgeneric off");
	patient = patient_new(ROLE_GATEWAY);
	patient->interface.interpreted = true;
	assert_finding(patient, "jit", "interpreted", "net.core.bpf_jit_enable",
		       "bpf_jit_enable=1");
	patient = patient_new(ROLE_GATEWAY);
	patient->facts.jit = NO;
	assert_finding(patient, "jit", "interpreted", "net.core.bpf_jit_enable",
		       "bpf_jit_enable=1");
	patient = patient_new(ROLE_BACKEND);
	patient->interface.stamp = NO;
	assert_finding(patient, "stamp-missing", "tc egress", "eth0", "reload holdfast-agent");
}

static void settings_of_a_backend_are_judged_by_what_it_serves(void **state)
{
	struct patient *patient = patient_new(ROLE_BACKEND);

	patient->interface.rp_filter = 2;
	assert_finding(patient, "rp-filter", "rp_filter is 2", "eth0", "conf.eth0.rp_filter=0");
	patient = patient_new(ROLE_BACKEND);
	patient->interface.arp_ignore = 0;
	assert_finding(patient, "arp-ignore", "answers ARP", "eth0", "conf.eth0.arp_ignore=1");
	patient = patient_new(ROLE_BACKEND);
	patient->facts.timestamps = 0;
	assert_finding(patient, "timestamps", "are off", "net.ipv4.tcp_timestamps",
		       "timestamps=2");
	patient = patient_new(ROLE_BACKEND);
	patient->facts.timestamps = 1;
	assert_finding(patient, "timestamps", "random offset", "net.ipv4.tcp_timestamps",
		       "timestamps=2");
	patient = patient_new(ROLE_BACKEND);
	patient->facts.usec_routes = &patient->plan->vips[0].network;
	patient->facts.n_usec_routes = 1;
	assert_finding(patient, "timestamps-usec", "no cookie", "198.51.100.80",
		       "without features tcp_usec_ts");
	patient = patient_new(ROLE_BACKEND);
	patient->facts.default_v6 = false;
	assert_finding(patient, "return-route", "for IPv6", "b1", "ip -6 route");
	patient = patient_new(ROLE_BACKEND);
	patient->addresses[0].loopback = false;
	assert_finding(patient, "vip-not-on-lo", "not on lo", "198.51.100.80", "dev lo");
	/* Without an IPv4 VIP nothing of IPv4 matters. */
	patient = patient_new(ROLE_BACKEND);
	patient->plan->vips[0].network = patient->plan->vips[1].network;
	patient->interface.rp_filter = 1;
	patient->interface.arp_ignore = 0;
	patient->facts.default_v4 = false;
	assert_well(patient);
}

static void without_cookies_timestamps_may_be_as_they_are(void **state)
{
	struct patient *patient = patient_new(ROLE_BACKEND);

	for (size_t i = 0; i < patient->plan->n_services; i++)
		patient->plan->services[i].flags &= ~SERVICE_COOKIE;
	patient->facts.timestamps = 1;
	patient->facts.usec_routes = &patient->plan->vips[0].network;
	patient->facts.n_usec_routes = 1;
	assert_well(patient);
}

static void announcements_are_compared_with_what_the_daemon_wants(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->vips[0].announced = false;
	assert_finding(patient, "vip-not-announced", "route is missing", "198.51.100.80",
		       "proto 72");
	patient = patient_new(ROLE_GATEWAY);
	patient->vips[1].wanted = NO;
	assert_finding(patient, "vip-stale", "cannot serve", "2001:db8:100::80", "route del");
	patient = patient_new(ROLE_GATEWAY);
	patient->stray = (struct network){address_of("203.0.113.1"), 128};
	patient->facts.n_strays = 1;
	assert_finding(patient, "vip-stale", "no VIP", "203.0.113.1", "203.0.113.1 proto 72");
	patient = patient_new(ROLE_GATEWAY);
	patient->facts.n_addresses = 1;
	assert_finding(patient, "vip-on-gateway", "as an address", "198.51.100.80", "address del");
}

static void a_sid_without_a_way_is_named_by_where_the_way_ends(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->targets[0].route = -ENETUNREACH;
	patient->targets[0].small.end = patient->targets[0].full.end = PROBE_UNSENT;
	assert_finding(patient, "sid-route", "this node has no route", "b1 (fd48:0:0:201:f00e::)",
		       "fd48:0:0:201::/64");
	patient = patient_new(ROLE_GATEWAY);
	patient->targets[0].route = 0;
	patient->targets[0].small.end = patient->targets[0].full.end = PROBE_UNSENT;
	patient->targets[0].hop.address = address_of("fe80::9");
	strcpy(patient->targets[0].hop_interface, "eth0");
	assert_finding(patient, "neighbour", "fe80::9 on eth0", "b1 (fd48:0:0:201:f00e::)",
		       "fe80::9");
	patient = patient_new(ROLE_GATEWAY);
	patient->targets[1].small = (struct probe_outcome){
		.end = PROBE_UNREACHABLE, .offender = address_of("fd48::7"), .code = 3};
	patient->targets[1].full.end = PROBE_UNSENT;
	assert_finding(patient, "sid-unreachable", "the router fd48::7 cannot reach the next hop",
		       "b2 (fd48:0:0:202:f00e::)", "towards b2");
	patient = patient_new(ROLE_GATEWAY);
	patient->targets[1].small.end = PROBE_SILENCE;
	patient->targets[1].full.end = PROBE_UNSENT;
	assert_finding(patient, "agent-silent", "does not answer", "b2 (fd48:0:0:202:f00e::)",
		       "holdfast doctor on b2");
}

static void an_agent_whose_program_answers_but_whose_daemon_is_not_heard_is_named(void **state)
{
	static const struct {
		const char *heartbeat;
		bool replayed;
		const char *said;
	} cases[] = {
		{"silent", false, "is silent now"},
		{"left", false, "was stopped"},
		{"never", false, "was never heard"},
		{"alive", true, "clock went back, or another"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct patient *patient = patient_new(ROLE_GATEWAY);

		patient->targets[0].heartbeat = "alive";
		patient->targets[1].heartbeat = cases[i].heartbeat;
		patient->targets[1].replayed = cases[i].replayed;
		assert_finding(patient, "heartbeat", cases[i].said, "b2 (fd48:0:0:202:f00e::)",
			       "holdfast-agent on b2");
	}
}

/* The one finding is that it does not answer. */
static void who_does_not_answer_is_not_missed_a_second_time(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->targets[1].heartbeat = "silent";
	patient->targets[1].small.end = PROBE_SILENCE;
	patient->targets[1].full.end = PROBE_UNSENT;
	assert_finding(patient, "agent-silent", "does not answer", "b2 (fd48:0:0:202:f00e::)",
		       "holdfast doctor on b2");
}

static void another_secret_is_why_it_is_not_heard(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->targets[1].heartbeat = "silent";
	patient->targets[1].fingerprint++;
	assert_finding(patient, "secret", "differs from this node", "b2", "to b2");
}

static void a_path_too_narrow_is_told_with_what_fits(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->targets[0].full.end = PROBE_SILENCE;
	patient->targets[0].fits = 1404;
	assert_finding(patient, "path-mtu", "1404 is the most", "b1 (fd48:0:0:201:f00e::)",
		       "to 1404");
	patient = patient_new(ROLE_GATEWAY);
	patient->targets[0].full = (struct probe_outcome){
		.end = PROBE_TOO_BIG, .offender = address_of("fd48::7"), .mtu = 1400};
	assert_finding(patient, "path-mtu", "the router fd48::7 takes at most 1400",
		       "b1 (fd48:0:0:201:f00e::)", "to 1400");
	/* One fault, one finding: our own link explains what could not be sent. */
	patient = patient_new(ROLE_GATEWAY);
	patient->interface.mtu = 1400;
	patient->targets[0].full.end = patient->targets[1].full.end = PROBE_UNSENT;
	assert_finding(patient, "interface-mtu", "1400", "eth0", "mtu 1500");
}

static void one_backend_that_differs_is_the_one_that_is_wrong(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->targets[1].fingerprint ^= 1;
	assert_finding(patient, "secret", "differs from this node's", "b2", "to b2");
	patient = patient_new(ROLE_GATEWAY);
	patient->targets[0].infrastructure.mask.bytes[3] = 0xfe;
	assert_finding(patient, "infrastructure", "fd48::/32 and its own is fd48::/31", "b1",
		       "fd48::/32 in the configuration of b1");
	patient = patient_new(ROLE_GATEWAY);
	patient->targets[0].clock_ahead_ns = -1500000000;
	assert_finding(patient, "clock", "1.5 s behind that of g1", "b1", "let b1");
}

static void a_node_that_differs_from_all_is_wrong_itself(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->facts.fingerprint ^= 1;
	assert_finding(patient, "secret", "of this node differs", "g1", "to g1");
	patient = patient_new(ROLE_GATEWAY);
	patient->targets[0].infrastructure.mask.bytes[3] = 0xfe;
	patient->targets[1].infrastructure.mask.bytes[3] = 0xfe;
	assert_finding(patient, "infrastructure", "that of the backends fd48::/31", "g1",
		       "fd48::/31");
	patient = patient_new(ROLE_GATEWAY);
	patient->targets[0].clock_ahead_ns = patient->targets[1].clock_ahead_ns = 2000000000;
	assert_finding(patient, "clock", "2.0 s behind that of the backends", "g1", "let g1");
}

static void leap_seconds_and_a_second_are_no_fault_of_a_clock(void **state)
{
	static const int64_t harmless[] = {0, 999999999, -999999999, 37000000000, -37100000000};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		struct patient *patient = patient_new(ROLE_GATEWAY);

		patient->targets[0].clock_ahead_ns = harmless[i];
		assert_well(patient);
	}
}

static void a_silent_agent_is_not_compared_with(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->targets[0].fingerprint = 0;
	patient->targets[0].small.end = PROBE_SILENCE;
	patient->targets[0].full.end = PROBE_UNSENT;
	assert_finding(patient, "agent-silent", "does not answer", "b1 (fd48:0:0:201:f00e::)",
		       "b1");
}

static void only_drops_that_rise_by_a_fault_are_findings(void **state)
{
	static const struct {
		enum role role;
		const char *verdict;
		bool fault;
	} rows[] = {
		{ROLE_BACKEND, "outside-sid", true}, {ROLE_BACKEND, "claim-syn", false},
		{ROLE_BACKEND, "no-router", false},  {ROLE_GATEWAY, "no-router", true},
		{ROLE_GATEWAY, "no-service", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct patient *patient = patient_new(rows[i].role);

		strcpy(patient->drop.verdict, rows[i].verdict);
		patient->drop.rose = 3;
		patient->facts.n_drops = 1;
		if (rows[i].fault)
			assert_finding(patient, "drops", rows[i].verdict, patient->facts.node, "");
		else
			assert_well(patient);
	}
}

static void a_store_that_is_away_or_has_half_a_configuration_is_a_finding(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->facts.store = "https://192.0.2.1:2379";
	assert_well(patient);
	patient = patient_new(ROLE_BACKEND);
	patient->facts.store = "https://192.0.2.1:2379";
	patient->facts.store_why = "no answer";
	assert_finding(patient, "store", "no answer", "https://192.0.2.1:2379", "etcdctl");
	patient = patient_new(ROLE_GATEWAY);
	patient->facts.store = "https://192.0.2.1:2379";
	patient->facts.store_refused = "it has no configuration";
	assert_finding(patient, "store", "it has no configuration", "https://192.0.2.1:2379",
		       "config push");
}

static void a_node_without_an_address_of_the_infrastructure_hears_of_one(void **state)
{
	struct patient *patient = patient_new(ROLE_GATEWAY);

	patient->facts.probe_source = false;
	assert_finding(patient, "probe-source", "no address", "g1", "fd48:0:0:101::1 dev lo");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_node_gets_no_finding),
		cmocka_unit_test(every_check_has_a_name_of_its_own_and_a_remedy),
		cmocka_unit_test(a_remedy_takes_values_for_its_words_in_braces),
		cmocka_unit_test(a_daemon_that_is_away_is_told_from_a_node_without_programs),
		cmocka_unit_test(faults_of_an_interface_are_named),
		cmocka_unit_test(what_could_not_be_seen_is_no_fault),
		cmocka_unit_test(faults_of_the_program_are_told_apart),
		cmocka_unit_test(settings_of_a_backend_are_judged_by_what_it_serves),
		cmocka_unit_test(without_cookies_timestamps_may_be_as_they_are),
		cmocka_unit_test(announcements_are_compared_with_what_the_daemon_wants),
		cmocka_unit_test(a_sid_without_a_way_is_named_by_where_the_way_ends),
		cmocka_unit_test(an_agent_whose_program_answers_but_whose_daemon_is_not_heard_is_named),
		cmocka_unit_test(who_does_not_answer_is_not_missed_a_second_time),
		cmocka_unit_test(another_secret_is_why_it_is_not_heard),
		cmocka_unit_test(a_path_too_narrow_is_told_with_what_fits),
		cmocka_unit_test(one_backend_that_differs_is_the_one_that_is_wrong),
		cmocka_unit_test(a_node_that_differs_from_all_is_wrong_itself),
		cmocka_unit_test(leap_seconds_and_a_second_are_no_fault_of_a_clock),
		cmocka_unit_test(a_silent_agent_is_not_compared_with),
		cmocka_unit_test(only_drops_that_rise_by_a_fault_are_findings),
		cmocka_unit_test(a_store_that_is_away_or_has_half_a_configuration_is_a_finding),
		cmocka_unit_test(a_node_without_an_address_of_the_infrastructure_hears_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
