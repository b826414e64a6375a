# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine finds a Java, and fetches, checks and unpacks a server.

# java_version JAVA: its major version, as the user the server runs as.
java_version() {
	"${as_server[@]}" "$1" -version 2>&1 </dev/null |
		sed -nE 's/.* version "(1\.)?([0-9]+).*/\2/p' | head -n 1
}

java_candidates() {
	if [ -n "${ESPCAP_JAVA:-}" ]; then
		say "$ESPCAP_JAVA"
		return
	fi
	[ -z "${JAVA_HOME:-}" ] || say "$JAVA_HOME/bin/java"
	command -v java || :
	printf '%s\n' /usr/lib/jvm/*/bin/java
}

# find_java OLDEST NEWEST: the oldest that fits, because that is what was tried most.
find_java() {
	local candidate version best=
	java=
	while read -r candidate; do
		[ -x "$candidate" ] || continue
		version=$(java_version "$candidate")
		if [ "${version:-0}" -lt "$1" ] || [ "$version" -gt "$2" ]; then
			continue
		elif [ -z "$java" ] || [ "$version" -lt "$best" ]; then
			java=$(readlink -f "$candidate")
			best=$version
		fi
	done < <(java_candidates)
	[ -n "$java" ]
}

need_java() {
	[ "$java_oldest" != - ] || return 0
	find_java "$java_oldest" "$java_newest" && return
	# This is the Java that Debian 12 has.
	if [ "$java_oldest" -le 17 ] && [ -z "${ESPCAP_JAVA:-}" ] && [ "$(id -u)" -eq 0 ] &&
		"$top/scripts/install-packages" openjdk-17-jdk-headless >&2; then
		find_java "$java_oldest" "$java_newest" && return
	fi
	if [ -n "${ESPCAP_JAVA:-}" ]; then
		unavailable "$name needs Java $java_oldest to $java_newest;" \
			"ESPCAP_JAVA=$ESPCAP_JAVA is none of these"
	elif [ "$java_oldest" -le 17 ]; then
		unavailable "$name needs Java $java_oldest to $java_newest: install openjdk-17-jdk-headless"
	fi
	unavailable "$name needs Java $java_oldest to $java_newest. Debian 12 has only 17: install a" \
		"newer one beside it below /usr/lib/jvm, or name its program by ESPCAP_JAVA"
}

write_pom() {
	local group artifact version type
	cat <<-END
	<project xmlns="http://maven.apache.org/POM/4.0.0">
	<modelVersion>4.0.0</modelVersion>
	<groupId>espcap</groupId><artifactId>engine</artifactId><version>1</version>
	<packaging>pom</packaging>
	<dependencies>
	END
	while IFS=: read -r group artifact version type; do
		cat <<-END
		<dependency>
		<groupId>$group</groupId><artifactId>$artifact</artifactId>
		<version>$version</version><type>$type</type>
		</dependency>
		END
	done <<<"${coordinates// /$'\n'}"
	say "</dependencies></project>"
}

# download DIR: gets what Maven, or the function of the kind, has into DIR/files. Maven's repository goes there too,
# for a server in the repository of a person's own projects is in nobody's interest.
download() {
	if declare -F "${kind}_download" >/dev/null; then
		"${kind}_download" "$1"
		return
	fi
	need mvn:maven java:openjdk-17-jdk-headless
	warn "fetching $name through Maven"
	write_pom >"$1/pom.xml"
	if ! (cd "$1" && mvn -B -Dmaven.repo.local="$1/repository" \
		"$dependency_plugin:copy-dependencies" \
		-DoutputDirectory="$1/files") >"$1/log" 2>&1 </dev/null; then
		grep -m 5 ERROR "$1/log" >&2 || tail -n 5 "$1/log" >&2
		unavailable "Maven could not get $coordinates"
	fi
}

# The lines of the file of checksums for this server.
expected_sums() {
	sed -nE "s|^([0-9a-f]{64}  )$name/(.*)|\1\2|p" "$sums"
}

# sums_of DIR: what sha256sum says about all files in it.
sums_of() {
	(cd "$1" && find . -type f -printf '%P\n' | LC_ALL=C sort |
		xargs -r -d '\n' sha256sum)
}

# is_checked DIR: whether it holds exactly the files that it must; says what differs.
is_checked() {
	local difference
	difference=$(diff <(expected_sums | LC_ALL=C sort -k 2) \
		<(sums_of "$1" | LC_ALL=C sort -k 2)) && return
	warn "wrong checksums in $1 (< expected, > found):"
	grep '^[<>]' <<<"$difference" | head -n 20 >&2
	return 1
}

# Whatever else happens, the temporary folder goes.
forget_temporary() {
	[ -z "$temporary" ] || rm -rf "$temporary"
	temporary=
}

# fetch: what there is of this server to download is in $cache/fetched/$name, and is right.
fetch() {
	local fetched=$cache/fetched/$name
	[ -n "$(expected_sums)" ] || fail "no checksums of $name in $sums"
	if [ ! -d "$fetched" ]; then
		temporary=$(mktemp -d "$cache/.fetch.XXXXXX")
		download "$temporary"
		is_checked "$temporary/files" ||
			fail "a file that was fetched for $name has another checksum and is not used"
		mkdir -p "$cache/fetched"
		mv -T "$temporary/files" "$fetched"
		forget_temporary
	elif ! is_checked "$fetched"; then
		fail "$fetched is not used: remove it, and it will be fetched again"
	fi
}

# install: the server is unpacked in $home, made of what was checked.
install() {
	if declare -F "${kind}_install" >/dev/null; then
		"${kind}_install"
		return
	fi
	home=$place/$name
	if [ "$(cat "$home/.made-of" 2>/dev/null)" = "$(expected_sums)" ]; then
		return
	fi
	lock "$name"
	# Another start may just have done it.
	if [ "$(cat "$home/.made-of" 2>/dev/null)" != "$(expected_sums)" ]; then
		fetch
		temporary=$(mktemp -d "$place/.unpack.XXXXXX")
		"${kind}_unpack" "$cache/fetched/$name" "$temporary/$name"
		expected_sums >"$temporary/$name/.made-of"
		chmod -R go+rX "$temporary/$name"
		rm -rf "$home"
		mv -T "$temporary/$name" "$home"
		forget_temporary
	fi
	unlock
}

print_sums() {
	! declare -F "${kind}_install" >/dev/null || fail_usage "$name is a package of Debian: it has no sums here"
	temporary=$(mktemp -d "$cache/.fetch.XXXXXX")
	download "$temporary"
	sums_of "$temporary/files" | sed "s|  |  $name/|"
}
