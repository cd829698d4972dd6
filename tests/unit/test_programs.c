/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The built programs, run as an operator runs them: what they print, where, and how they end. What
 * they write for other programs (manual pages, completion, schema) is given to those.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "config_build.h"
#include "io/control.h"
#include "tests/unit/cli.h"
#include "tests/unit/planned.h"
#include "tests/unit/scratch.h"
#include "wire/maps.h"

#define TEXT_MAX 65536

static const char *build(void)
{
	const char *folder = getenv("HOLDFAST_BUILD");

	return folder ? folder : "build";
}

/* Runs a line of shell, in which $B is the build and $D the test's folder; its status. */
static int shell(const struct scratch *scratch, char text[static TEXT_MAX], const char *line)
{
	FILE *pipe;
	size_t n;
	int status;

	setenv("B", build(), 1);
	setenv("D", scratch->folder, 1);
	fflush(stdout);
	pipe = popen(line, "re");
	assert_non_null(pipe);
	n = fread(text, 1, TEXT_MAX - 1, pipe);
	text[n] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define EXPECT_SHELL(scratch, status, wanted, line)                                                \
	do {                                                                                       \
		char text_[TEXT_MAX];                                                              \
		int status_ = shell(scratch, text_, line);                                         \
                                                                                                   \
		assert_string_equal(text_, wanted);                                                \
		assert_int_equal(status_, status);                                                 \
	} while (0)

static bool have(const struct scratch *scratch, const char *probe)
{
	char text[TEXT_MAX], line[256];

	snprintf(line, sizeof(line), "{ %s; } >/dev/null 2>&1", probe);
	return shell(scratch, text, line) == 0;
}

/* --- help and manual ------------------------------------------------------------------------- */

static void help_of_all_programs_fits_80_columns(void **state)
{
	static const char *const lines[] = {"$B/cli/holdfast --help",
					    "$B/gateway/holdfast-gateway --help",
					    "$B/agent/holdfast-agent --help"};
	char text[TEXT_MAX];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_int_equal(shell(*state, text, lines[i]), 0);
		assert_in_range(longest_line(text), 20, 80);
	}
}

/* An upgrade by a restart needs the same layout before and after; the lab's daemon_life tries another. */
static void every_program_tells_its_version_and_its_map_layout(void **state)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted),
		 "holdfast %s, map layout %d\nholdfast-gateway %s, map layout %d\n"
		 "holdfast-agent %s, map layout %d\n",
		 HOLDFAST_VERSION, LAYOUT_VERSION, HOLDFAST_VERSION, LAYOUT_VERSION, HOLDFAST_VERSION,
		 LAYOUT_VERSION);
	EXPECT_SHELL(*state, 0, wanted,
		     "for program in cli/holdfast gateway/holdfast-gateway agent/holdfast-agent; do "
		     "$B/$program --version 2>&1; done");
}

static void help_of_a_verb_is_the_same_before_and_behind_it(void **state)
{
	EXPECT_SHELL(*state, 0, "",
		     "for verb in status counters path config 'config check' completion; do\n"
		     "  $B/cli/holdfast help $verb >$D/a || echo failed\n"
		     "  $B/cli/holdfast $verb --help >$D/b && cmp $D/a $D/b 2>&1\n"
		     "done");
}

static void manual_pages_render_without_warnings(void **state)
{
	if (!have(*state, "command -v man && command -v groff"))
		skip();
	EXPECT_SHELL(
		*state, 0, "",
		"for page in holdfast.8 holdfast.yaml.5 holdfast-counters.7 holdfast-metrics.7 "
		"holdfast-gateway.8 holdfast-agent.8; do\n"
		"  LC_ALL=C MANWIDTH=80 man --warnings=w -l $B/docs/$page 2>&1 >$D/page || echo "
		"failed\n"
		"  grep -q 'SEE ALSO' $D/page || echo $page: no end\n"
		"  groff -man -ww -z $B/docs/$page 2>&1\n"
		"done");
}

#define WEB SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {}")

/* --- daemons --------------------------------------------------------------------------------- */

/* Each daemon's line on stderr, and its status, which a signal makes 128 and more. */
#define BEGIN_EACH(options)                                                                        \
	"for daemon in gateway/holdfast-gateway agent/holdfast-agent; do\n"                        \
	"  (cd $D && $B/$daemon --node n --socket $D/s --state $D/state " options ") 2>&1\n"       \
	"  echo $?\n"                                                                              \
	"done"

static void a_daemon_that_cannot_begin_says_why_and_ends(void **state)
{
	scratch_text(*state, "some.yaml", FLEET WEB);
	scratch_secret(*state, "s", 1);
	EXPECT_SHELL(*state, 0,
		     "holdfast-gateway: error: none/a.yaml: cannot be read: No such file or directory\n"
		     "1\n"
		     "holdfast-agent: error: none/a.yaml: cannot be read: No such file or directory\n"
		     "1\n",
		     BEGIN_EACH("--config none/a.yaml --bpffs /proc/none"));
	EXPECT_SHELL(*state, 0,
		     "holdfast-gateway: error: /proc/none: cannot keep pins there: No such file or directory\n"
		     "1\n"
		     "holdfast-agent: error: /proc/none: cannot keep pins there: No such file or directory\n"
		     "1\n",
		     BEGIN_EACH("--config some.yaml --node $(echo $daemon | sed 's/^g.*/g1/; s/^a.*/b1/') "
				"--bpffs /proc/none"));
}

#define DAEMON_OPTIONS                                                                              \
	"allowed: --config, --node, --bpffs, --socket, --state, --detach, --scheme, --version, --help"

static void a_daemon_that_is_called_wrongly_says_how(void **state)
{
	EXPECT_SHELL(*state, 0,
		     "holdfast-gateway: error: --bogus: no such option, " DAEMON_OPTIONS "\n1\n"
		     "holdfast-agent: error: --bogus: no such option, " DAEMON_OPTIONS "\n1\n",
		     BEGIN_EACH("--bogus"));
	EXPECT_SHELL(*state, 0,
		     "holdfast-gateway: error: --detatch: no such option, did you mean --detach?\n1\n"
		     "holdfast-agent: error: --detatch: no such option, did you mean --detach?\n1\n",
		     BEGIN_EACH("--detatch"));
	EXPECT_SHELL(*state, 0,
		     "holdfast-gateway: error: --config: nothing follows, allowed: FILE\n1\n"
		     "holdfast-agent: error: --config: nothing follows, allowed: FILE\n1\n",
		     BEGIN_EACH("--config"));
	EXPECT_SHELL(*state, 0,
		     "holdfast-gateway: error: start: what is that? Options begin with --, see --help\n1\n"
		     "holdfast-agent: error: start: what is that? Options begin with --, see --help\n1\n",
		     BEGIN_EACH("start"));
}

static void the_doctor_of_a_bare_host_says_what_to_name(void **state)
{
	if (have(*state, "test -e /etc/holdfast/holdfast.yaml"))
		skip();
	EXPECT_SHELL(*state, 1,
		     "holdfast: error: no daemon answers at none.sock, and there is no "
		     "/etc/holdfast/holdfast.yaml: name a configuration with --config, and this node in it "
		     "with --node\n",
		     "$B/cli/holdfast doctor --socket none.sock 2>&1");
}

static void what_is_no_sample_is_refused_before_anybody_is_asked(void **state)
{
	EXPECT_SHELL(*state, 1, "holdfast: error: --sample: 0 is no such number, allowed: 1 to 4294967295\n",
		     "$B/cli/holdfast trace --sample 0 --socket none 2>&1");
	EXPECT_SHELL(*state, 1, "holdfast: error: --sample: x is no such number, allowed: 1 to 4294967295\n",
		     "$B/cli/holdfast trace --sample x --socket none 2>&1");
}

/* --- completion ------------------------------------------------------------------------------ */

#define COMPLETE(words, at)                                                                        \
	"bash -c 'source $B/docs/holdfast; COMP_WORDS=(holdfast " words "); COMP_CWORD=" at ";\n"  \
	"_holdfast; echo \"${COMPREPLY[*]}\"'"

static void bash_completes_verbs_options_and_files(void **state)
{
	if (!have(*state, "command -v bash"))
		skip();
	scratch_text(*state, "some.yaml", "");
	EXPECT_SHELL(*state, 0, "", "bash -n $B/docs/holdfast 2>&1");
	EXPECT_SHELL(*state, 0, "status\n", COMPLETE("sta", "1"));
	EXPECT_SHELL(*state, 0, "check\n", COMPLETE("config ch", "2"));
	EXPECT_SHELL(*state, 0, "--watch\n", COMPLETE("counters --w", "2"));
	EXPECT_SHELL(*state, 0, "tcp\n", COMPLETE("--socket /s path t", "4"));
	EXPECT_SHELL(*state, 0, "new\n", COMPLETE("path tcp a b n", "5"));
	EXPECT_SHELL(*state, 0, "mtu\n", COMPLETE("config explain mt", "3"));
	EXPECT_SHELL(*state, 0, "yes\n",
		     COMPLETE("config check \"$D/so\"", "3") " | grep -q 'some.yaml$' && echo yes");
}

/* --- schema ---------------------------------------------------------------------------------- */

#define VALIDATE                                                                                   \
	"import json, sys, yaml, jsonschema\n"                                                     \
	"schema = json.load(open(sys.argv[1]))\n"                                                  \
	"jsonschema.Draft202012Validator.check_schema(schema)\n"                                   \
	"validator = jsonschema.Draft202012Validator(schema)\n"                                    \
	"for file in sys.argv[2:]:\n"                                                              \
	"    errors = [e.message for e in validator.iter_errors(yaml.safe_load(open(file)))]\n"    \
	"    print(len(errors), *errors)\n"

static void a_validator_agrees_with_the_schema_about_right_and_wrong(void **state)
{
	if (!have(*state, "python3 -c 'import jsonschema, yaml'"))
		skip();
	scratch_text(*state, "validate.py", VALIDATE);
	scratch_text(*state, "good.yaml",
		     FLEET SERVICE("web", "198.51.100.80", "80-90", "b1: ") "");
	scratch_text(*state, "bad.yaml",
		     FLEET SERVICE("web", "198.51.100.80", "0", "b1: {weight: 1001}") "bogus: 1\n");
	EXPECT_SHELL(*state, 0, "0\n0\n0\n",
		     "python3 $D/validate.py $B/docs/holdfast.schema.json examples/holdfast.yaml "
		     "examples/two-sites.yaml $D/good.yaml 2>&1");
	EXPECT_SHELL(*state, 0, "3\n",
		     "python3 $D/validate.py $B/docs/holdfast.schema.json $D/bad.yaml 2>&1 | "
		     "cut -d' ' -f1");
}

/* --- config ---------------------------------------------------------------------------------- */

static void check_of_a_good_file_is_one_friendly_line(void **state)
{
	scratch_text(*state, "t.yaml", FLEET WEB);
	scratch_secret(*state, "s", 1);
	EXPECT_SHELL(*state, 0, "t.yaml: fine: 1 site, 2 gateways, 4 backends, 1 service\n",
		     "B=$(realpath $B); cd $D && $B/cli/holdfast config check t.yaml 2>&1");
}

static void check_names_the_services_that_nobody_checks(void **state)
{
	scratch_text(*state, "t.yaml",
		     FLEET WEB SERVICE("range", "198.51.100.81", "80-90", "b1: ")
		     SERVICE("asked", "198.51.100.82", "80-90, health: {port: 80}", "b1: ")
		     SERVICE("off", "198.51.100.83", "any, health: {check: off}", "b1: ")
		     SERVICE("heard", "198.51.100.84", "any, health: {heartbeat: required}", "b1: ")
		     SERVICE("deaf", "198.51.100.85", "any, health: {heartbeat: required}", "b4: "));
	scratch_secret(*state, "s", 1);
	EXPECT_SHELL(*state, 0,
		     "t.yaml: fine: 1 site, 2 gateways, 4 backends, 6 services\n"
		     "t.yaml: note: services.range.health.check: auto finds nothing to ask, so nobody "
		     "checks the backends; say what to ask, or off\n"
		     "t.yaml: note: services.deaf.health.check: auto finds nothing to ask, so nobody "
		     "checks the backends; say what to ask, or off\n",
		     "B=$(realpath $B); cd $D && $B/cli/holdfast config check t.yaml 2>&1");
	EXPECT_SHELL(*state, 0, "['range', 'deaf']\n",
		     "B=$(realpath $B); cd $D && $B/cli/holdfast config check t.yaml --json | python3 -c "
		     "'import json, sys; print(json.load(sys.stdin)[\"unchecked\"])'");
}

static void check_finds_the_examples_fine(void **state)
{
	scratch_secret(*state, "secret", 1);
	EXPECT_SHELL(*state, 0,
		     "holdfast.yaml: fine: 1 site, 2 gateways, 5 backends, 2 services\n"
		     "two-sites.yaml: fine: 2 sites, 4 gateways, 4 backends, 1 service\n",
		     "B=$(realpath $B); cp examples/*.yaml $D && cd $D && "
		     "for file in holdfast.yaml two-sites.yaml; do "
		     "$B/cli/holdfast config check $file 2>&1; done");
}

static void check_tells_every_error_of_file_and_secret(void **state)
{
	scratch_text(*state, "t.yaml",
		     "infrastructure: fd48::/32\nsecret: s\nmtu: 1\nsites:\n"
		     "  ams: {locator: \"fd48:0:0:1::/64\", bogus: 1}\nservices: {}\n");
	scratch_write(*state, "s", 0600, "short", 5);
	EXPECT_SHELL(*state, 1,
		     "t.yaml:2: secret: the file s has 5 bytes, allowed: 32 (head -c 32 /dev/urandom)\n"
		     "t.yaml:3: mtu: 1 is out of range, allowed: 1280 to 9216 bytes\n"
		     "t.yaml:5: sites.ams.bogus: unknown key, allowed: locator, enabled, near\n",
		     "B=$(realpath $B); cd $D && $B/cli/holdfast config check t.yaml 2>&1");
	EXPECT_SHELL(*state, 1, "",
		     "B=$(realpath $B); cd $D && $B/cli/holdfast config check t.yaml 2>/dev/null");
}

static void check_reads_standard_input(void **state)
{
	scratch_text(*state, "t.yaml", FLEET WEB);
	scratch_secret(*state, "s", 1);
	EXPECT_SHELL(*state, 0, "-: fine: 1 site, 2 gateways, 4 backends, 1 service\n",
		     "B=$(realpath $B); cd $D && $B/cli/holdfast config check - <t.yaml 2>&1");
	EXPECT_SHELL(*state, 1, "stdin:1: word is not a mapping, allowed: key: value\n",
		     "B=$(realpath $B); cd $D && echo word | $B/cli/holdfast config check - 2>&1");
}

static void check_tells_each_error_s_parts_in_json(void **state)
{
	scratch_text(*state, "t.yaml", FLEET WEB "mtu: 1\n");
	scratch_secret(*state, "s", 1);
	EXPECT_SHELL(*state, 1,
		     "{\"file\": \"t.yaml\", \"line\": 15, \"path\": \"mtu\", "
		     "\"message\": \"1 is out of range, allowed: 1280 to 9216 bytes\"}\n"
		     "{\"file\": \"none.yaml\", \"line\": null, \"path\": null, "
		     "\"message\": \"cannot be read: No such file or directory\"}\n",
		     "B=$(realpath $B); cd $D; for file in t.yaml none.yaml; do "
		     "$B/cli/holdfast config check $file --json >$file.json; status=$?; "
		     "python3 -c 'import json, sys; "
		     "[print(json.dumps(e)) for e in json.load(sys.stdin)[\"errors\"]]' <$file.json; done; "
		     "exit $status");
}

/* Mistyped --config, or --node: nothing was made by then. */
static void a_daemon_without_a_configuration_leaves_nothing_behind(void **state)
{
	scratch_text(*state, "t.yaml", FLEET WEB);
	scratch_secret(*state, "s", 1);
	EXPECT_SHELL(*state, 0,
		     "/none/t.yaml: cannot be read: No such file or directory\n"
		     "none.yaml: cannot be read: No such file or directory\n"
		     "t.yaml: gateways: there is no nobody, name this node with --node\n"
		     "/none/t.yaml: cannot be read: No such file or directory\n"
		     "none.yaml: cannot be read: No such file or directory\n"
		     "t.yaml: backends: there is no nobody, name this node with --node\n"
		     "s t.yaml\n",
		     "B=$(realpath $B); cd $D; for daemon in gateway agent; do "
		     "for file in /none/t.yaml none.yaml t.yaml; do "
		     "! $B/$daemon/holdfast-$daemon --config $file --node nobody --bpffs $D/bpf/x "
		     "--socket $D/run/x --state $D/lib/x 2>&1 | sed 's/.*: error: //'; done; done; echo $(ls)");
}

static void explain_of_a_wrong_path_is_one_line_with_a_suggestion(void **state)
{
	EXPECT_SHELL(*state, 1,
		     "holdfast: error: services.web.vip: no such option, did you mean vips?\n",
		     "$B/cli/holdfast config explain services.web.vip 2>&1");
}

static void a_verb_that_needs_a_store_tells_what_to_edit_in_a_file(void **state)
{
	scratch_text(*state, "t.yaml", FLEET WEB);
	EXPECT_SHELL(*state, 1,
		     "t.yaml: store: the configuration is a file, the same on all nodes: set enabled: false at "
		     "services.*.backends.b1, in each service that has it\n",
		     "B=$(realpath $B); cd $D && $B/cli/holdfast backend drain b1 -c t.yaml 2>&1");
	EXPECT_SHELL(*state, 1,
		     "t.yaml: store: the configuration is a file, the same on all nodes: only a store knows "
		     "which nodes live; ask them: holdfast status on each, or holdfast gateways and holdfast "
		     "backends on a gateway of each site\n",
		     "B=$(realpath $B); cd $D && $B/cli/holdfast nodes -c t.yaml 2>&1");
}

static void diff_of_two_files_works_without_a_daemon(void **state)
{
	scratch_text(*state, "old.yaml", FLEET WEB);
	scratch_text(*state, "new.yaml",
		     FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {enabled: false}"));
	scratch_secret(*state, "s", 1);
	EXPECT_SHELL(
		*state, 0,
		"service web: backend b2: closed\n"
		"service web: 50.0 % of its rows move\n"
		"programs: stay\n",
		"$B/cli/holdfast config diff $D/new.yaml --against $D/old.yaml --node g1 2>&1");
	EXPECT_SHELL(*state, 0, "the data plane stays as it is\n",
		     "cp $D/old.yaml $D/same.yaml && "
		     "$B/cli/holdfast config diff $D/same.yaml -A $D/old.yaml -N g2 2>&1");
	EXPECT_SHELL(
		*state, 0, "false\n",
		"$B/cli/holdfast config diff $D/new.yaml --against $D/old.yaml --node g1 --json "
		"| grep -o 'reload\": [a-z]*' | cut -d' ' -f2");
}

static void diff_refuses_what_it_cannot_compare(void **state)
{
	char text[TEXT_MAX];

	scratch_text(*state, "old.yaml", FLEET WEB);
	scratch_text(*state, "new.yaml", FLEET WEB);
	scratch_secret(*state, "s", 1);
	assert_int_equal(shell(*state, text,
			       "$B/cli/holdfast config diff $D/old.yaml -A $D/old.yaml -N g1 2>&1"),
			 1);
	assert_non_null(strstr(text, "is the very file that it is compared with"));
	assert_int_equal(shell(*state, text,
			       "$B/cli/holdfast config diff $D/new.yaml -A $D/old.yaml -N g9 2>&1"),
			 1);
	assert_non_null(strstr(text, "neither gateways nor backends with an agent have g9"));
}

/* --- with a daemon --------------------------------------------------------------------------- */

static int answer_status(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct scratch *scratch = userdata;

	*ret = json_pack("{s:s s:s s:s+ s:[{s:s s:s s:b s:b}] s:[]}", "role", "gateway", "node",
			 "g1", "config", scratch->folder, "/old.yaml", "gateways", "name", "g1",
			 "sid", "fd48::1", "self", 1, "reachable", 1, "services");
	return *ret ? 0 : -ENOMEM;
}

/* Every question finds ten packets more. */
static int answer_counters(const struct control_request *request, void *userdata, json_t **ret)
{
	static int asked;

	asked++;
	*ret = json_pack("{s:s s:{s:{s:i s:i s:s s:s} s:{s:i s:i s:s s:s}}}", "node", "g1",
			 "counters", "picked", "packets", 10 * asked, "bytes", 1000 * asked,
			 "action", "tx", "help", "to the row", "malformed", "packets", 0, "bytes",
			 0, "action", "drop", "help", "not a packet");
	return *ret ? 0 : -ENOMEM;
}

static const struct control_resource resources[] = {
	{"/status", answer_status},
	{"/counters", answer_counters},
	{},
};

/* The child's life; a byte into the pipe says that it listens. Also a failed test takes it down. */
static void daemon_run(struct scratch *scratch, int ready)
{
	struct control *control;
	sd_event *event;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_event_new(&event) >= 0 &&
	    control_new(event, scratch_path(scratch, "sock"), resources, scratch, &control) == 0 &&
	    write(ready, "", 1) == 1)
		sd_event_loop(event);
	_exit(1);
}

static pid_t daemon_start(struct scratch *scratch)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		daemon_run(scratch, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void daemon_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void verbs_ask_the_daemon_and_print_tables_or_json(void **state)
{
	pid_t pid = daemon_start(*state);

	EXPECT_SHELL(*state, 0, "gateway  sid      routes  rtt  state\ng1       fd48::1       -    -  this one\n",
		     "$B/cli/holdfast --socket $D/sock gateways 2>&1");
	EXPECT_SHELL(*state, 0, "g1\n",
		     "$B/cli/holdfast gateways --json --socket $D/sock | "
		     "grep -o '\"name\": \"g1\"' | cut -d'\"' -f4");
	daemon_stop(pid);
}

static void counters_hide_zeros_for_people_and_nothing_for_programs(void **state)
{
	pid_t pid = daemon_start(*state);

	EXPECT_SHELL(*state, 0, "1\n0\n",
		     "$B/cli/holdfast -s $D/sock counters | tee $D/text | grep -c picked; "
		     "grep -c malformed $D/text; true");
	EXPECT_SHELL(*state, 0, "1\n",
		     "$B/cli/holdfast -s $D/sock counters --all | grep -c malformed");
	EXPECT_SHELL(*state, 0, "1\n",
		     "$B/cli/holdfast --socket $D/sock counters --json | grep -c malformed");
	daemon_stop(pid);
}

static void every_verdict_is_listed_without_a_daemon(void **state)
{
	EXPECT_SHELL(*state, 0, "gateway no-backend DROP the service has no open backend\n",
		     "$B/cli/holdfast -s $D/none counters --list 2>&1 | tr -s ' ' | grep ' no-backend '");
	EXPECT_SHELL(*state, 0, "agent\ngateway\nreply\n",
		     "$B/cli/holdfast -s $D/none counters --list --json | python3 -c 'import json, sys; "
		     "print(*sorted({row[\"of\"] for row in json.load(sys.stdin)}), sep=\"\\n\")' 2>&1");
	EXPECT_SHELL(*state, 1, "holdfast: error: --list: does not go with --watch\n",
		     "$B/cli/holdfast counters --list --watch 2>&1");
}

static void watching_shows_rates_and_ends_after_its_count(void **state)
{
	pid_t pid = daemon_start(*state);

	EXPECT_SHELL(*state, 0, "2\n2\n",
		     "$B/cli/holdfast -s $D/sock counters --watch 1 --count 2 >$D/text; "
		     "grep -c packets/s $D/text; grep -c '^picked' $D/text");
	EXPECT_SHELL(
		*state, 0, "1\n",
		"$B/cli/holdfast -s $D/sock counters -w -n 1 --json | grep -c '^{.*\"seconds\"'");
	daemon_stop(pid);
}

static void watching_ends_well_at_an_interrupt(void **state)
{
	pid_t pid = daemon_start(*state);

	/* Where a line was printed, the signal is waited for. */
	EXPECT_SHELL(*state, 0, "ended 0\n",
		     "$B/cli/holdfast -s $D/sock counters -w 1 --json >$D/fifo.out & pid=$!\n"
		     "until [ -s $D/fifo.out ]; do kill -0 $pid || break; done\n"
		     "kill -INT $pid; wait $pid; echo ended $?");
	daemon_stop(pid);
}

static void diff_asks_the_daemon_for_its_file_and_node(void **state)
{
	pid_t pid = daemon_start(*state);

	scratch_text(*state, "old.yaml", FLEET WEB);
	scratch_text(*state, "new.yaml",
		     FLEET SERVICE("web", "198.51.100.80", "80", "b1: {enabled: false}, b2: {}"));
	scratch_secret(*state, "s", 1);
	EXPECT_SHELL(*state, 0, "service web: backend b1: closed\n",
		     "$B/cli/holdfast -s $D/sock config diff $D/new.yaml 2>&1 | head -1");
	daemon_stop(pid);
}

static void a_daemon_that_is_not_there_is_one_line(void **state)
{
	EXPECT_SHELL(*state, 1, "1\n0\n",
		     "$B/cli/holdfast -s $D/none status >$D/out 2>$D/err; r=$?; wc -l <$D/err; "
		     "wc -l <$D/out; exit $r");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(help_of_all_programs_fits_80_columns),
		SCRATCH_TEST(every_program_tells_its_version_and_its_map_layout),
		SCRATCH_TEST(help_of_a_verb_is_the_same_before_and_behind_it),
		SCRATCH_TEST(manual_pages_render_without_warnings),
		SCRATCH_TEST(a_daemon_that_cannot_begin_says_why_and_ends),
		SCRATCH_TEST(a_daemon_that_is_called_wrongly_says_how),
		SCRATCH_TEST(what_is_no_sample_is_refused_before_anybody_is_asked),
		SCRATCH_TEST(the_doctor_of_a_bare_host_says_what_to_name),
		SCRATCH_TEST(bash_completes_verbs_options_and_files),
		SCRATCH_TEST(a_validator_agrees_with_the_schema_about_right_and_wrong),
		SCRATCH_TEST(check_of_a_good_file_is_one_friendly_line),
		SCRATCH_TEST(check_names_the_services_that_nobody_checks),
		SCRATCH_TEST(check_finds_the_examples_fine),
		SCRATCH_TEST(check_tells_every_error_of_file_and_secret),
		SCRATCH_TEST(check_reads_standard_input),
		SCRATCH_TEST(check_tells_each_error_s_parts_in_json),
		SCRATCH_TEST(a_daemon_without_a_configuration_leaves_nothing_behind),
		SCRATCH_TEST(explain_of_a_wrong_path_is_one_line_with_a_suggestion),
		SCRATCH_TEST(a_verb_that_needs_a_store_tells_what_to_edit_in_a_file),
		SCRATCH_TEST(diff_of_two_files_works_without_a_daemon),
		SCRATCH_TEST(diff_refuses_what_it_cannot_compare),
		SCRATCH_TEST(verbs_ask_the_daemon_and_print_tables_or_json),
		SCRATCH_TEST(counters_hide_zeros_for_people_and_nothing_for_programs),
		SCRATCH_TEST(every_verdict_is_listed_without_a_daemon),
		SCRATCH_TEST(watching_shows_rates_and_ends_after_its_count),
		SCRATCH_TEST(watching_ends_well_at_an_interrupt),
		SCRATCH_TEST(diff_asks_the_daemon_for_its_file_and_node),
		SCRATCH_TEST(a_daemon_that_is_not_there_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
