#!/usr/bin/env bats
# `compare trace` of the whole spec.

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	load_trace ../../..
}

@test "full: all stages, the same changes, every difference has its reason, and no reason is stale" {
	before=$(</sys/fs/cgroup/cgroup.subtree_control)
	run --separate-stderr build/bin/compare trace
	echo "$stderr"
	of 'unexplained'
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[ "$(of '(t["spec"], t["summary"]["unexplained"], t["summary"]["different_stages"], t["partial"],
		t["summary"]["stale"])')" = "('shared/specs/full.json', 0, 0, {}, [])" ]
	[ "$(</sys/fs/cgroup/cgroup.subtree_control)" = "$before" ]
	# Nothing but the restart of Go and its open files stands beside what both change.
	[ "$(of '[s for s in stages if stages[s]["rows"] and
		calls(s, "cbox") != calls(s, "gobox") and
		s not in ("start", "namespaces", "child.start", "child.mounts", "child.privileges", "cleanup")]')" = '[]' ]
	[ "$(of 'len(calls("cgroup", "cbox")), calls("cgroup", "cbox") == calls("cgroup", "gobox")')" = '(12, True)' ]
	[ "$(of '[c.split()[1] for c in calls("network", "gobox") + calls("child.network", "gobox")]')" = \
		"['RTM_NEWLINK', 'RTM_NEWADDR', 'RTM_NEWLINK', 'RTM_NEWLINK', 'RTM_NEWADDR', 'RTM_NEWLINK', 'RTM_NEWROUTE']" ]
}
