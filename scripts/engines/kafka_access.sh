# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine makes a Kafka that demands credentials: TLS and passwords, and Kerberos with a KDC of its own.

# Both know the same users: Kafka takes the principal without its realm as the user.
kafka_users="admin sensor worker"
realm=ESPCAP.TEST
# Where Debian has the programs of the KDC.
PATH=$PATH:/usr/sbin:/sbin

is_guarded() {
	$secure || $kerberos
}

# kafka_guard: makes all keys, keytabs and passwords, new ones at every start.
kafka_guard() {
	local user
	make_certificates
	kafka_tls_files
	rm -f "$folder/krb5.conf"
	if $secure; then
		for user in $kafka_users; do
			make_password "$user"
		done
	fi
	if $kerberos; then
		kerberos_port=$port
		! $secure || kerberos_port=$((port + nodes))
		kafka_kdc
	fi
	kafka_access_summary >"$folder/secret/summary"
}

# Key and certificate in one file, as Kafka takes them.
kafka_tls_files() {
	local pem=$folder/config/server.pem
	(umask 077 && cat "$folder/secret/server.key" "$folder/secret/server.crt" >"$pem")
	give "$pem"
}

kafka_tls_settings() {
	kafka_setting ssl.keystore.type PEM
	kafka_setting ssl.keystore.location "$folder/config/server.pem"
	kafka_setting ssl.truststore.type PEM
	kafka_setting ssl.truststore.location "$folder/ca.crt"
}

# Nodes authenticate to each other by their certificate.
kafka_guard_settings() {
	kafka_tls_settings
	kafka_setting listener.security.protocol.map \
		CONTROLLER:SSL,INTERNAL:SSL,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT
	kafka_setting inter.broker.listener.name INTERNAL
	kafka_setting listener.name.controller.ssl.client.auth required
	kafka_setting listener.name.internal.ssl.client.auth required
	kafka_setting authorizer.class.name org.apache.kafka.metadata.authorizer.StandardAuthorizer
	kafka_setting super.users "User:CN=localhost;User:admin"
	! $secure || kafka_password_settings
	! $kerberos || kafka_kerberos_settings
}

# PLAIN is there for clients by librdkafka before 2.6.1, as in Debian 12: their SCRAM
# repeats a nonce, which Kafka 4 refuses.
kafka_password_settings() {
	local user users='' jaas=org.apache.kafka.common.security
	for user in $kafka_users; do
		users="$users user_$user=\"$(<"$folder/secret/$user")\""
	done
	kafka_setting listener.name.sasl_ssl.sasl.enabled.mechanisms SCRAM-SHA-512,PLAIN
	kafka_setting listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config "$jaas.scram.ScramLoginModule required;"
	kafka_setting listener.name.sasl_ssl.plain.sasl.jaas.config "$jaas.plain.PlainLoginModule required$users;"
}

kafka_kerberos_settings() {
	local jaas=com.sun.security.auth.module.Krb5LoginModule
	kafka_setting sasl.kerberos.service.name kafka
	kafka_setting listener.name.sasl_plaintext.sasl.enabled.mechanisms GSSAPI
	kafka_setting listener.name.sasl_plaintext.gssapi.sasl.jaas.config \
		"$jaas required useKeyTab=true storeKey=true keyTab=\"$folder/kdc/broker.keytab\" principal=\"kafka/localhost@$realm\";"
}

# The rights that sensors and workers need.
kafka_user_orders() {
	local user
	if $secure; then
		for user in $kafka_users; do
			say "user $user $(<"$folder/secret/$user")"
		done
	fi
	cat <<-END
	allow sensor TOPIC packets WRITE
	allow sensor TOPIC packets DESCRIBE_CONFIGS
	allow worker TOPIC packets READ
	allow worker TOPIC packets DESCRIBE_CONFIGS
	allow worker GROUP espcap READ
	END
}

kafka_access_summary() {
	if $secure; then
		say "ca: $folder/ca.crt"
		say "passwords: $folder/secret"
	fi
	if $kerberos; then
		say "krb5.conf: $folder/krb5.conf"
		say "keytabs: $folder/secret"
	fi
	cat <<-END
	user: admin (may do everything)
	user: sensor (may write to topics packets*)
	user: worker (may read topics packets*, in groups espcap*)
	END
}

# ---- --kerberos

# kafka_kerberos PROGRAM ...: becomes a program of the KDC.
kafka_kerberos() {
	cd /
	exec setsid "${as_server[@]}" "${clean_environment[@]}" KRB5_CONFIG="$folder/krb5.conf" \
		KRB5_KDC_PROFILE="$folder/config/kdc.conf" "$@"
}

# kafka_kdc: a realm with the brokers and the users in it, and their keytabs.
kafka_kdc() {
	need krb5kdc:krb5-kdc kadmin.local:krb5-admin-server
	rm -rf "$folder/kdc"
	own_folder "$folder/kdc"
	chmod 700 "$folder/kdc"
	kafka_kdc_files
	if ! kafka_principals >"$folder/log" 2>&1 </dev/null; then
		tail -n 15 "$folder/log" >&2
		fail "the KDC could not be made; what it said: $folder/log"
	fi
}

kafka_principals() {
	local user
	(kafka_kerberos kdb5_util create -s -r "$realm" -P "$(openssl rand -hex 12)") || return
	kafka_keytab kafka/localhost broker || return
	for user in $kafka_users; do
		kafka_keytab "$user" "$user" || return
		(umask 077 && cat "$folder/kdc/$user.keytab" >"$folder/secret/$user.keytab") || return
	done
}

# kafka_keytab PRINCIPAL NAME
kafka_keytab() {
	(kafka_kerberos kadmin.local addprinc -randkey "$1@$realm") &&
		(kafka_kerberos kadmin.local ktadd -k "$folder/kdc/$2.keytab" "$1@$realm")
}

kafka_kdc_files() {
	local kdc_port=$((transport_port + 2 * nodes))
	cat >"$folder/krb5.conf" <<-END
	[libdefaults]
	default_realm = $realm
	dns_lookup_kdc = false
	dns_lookup_realm = false
	rdns = false
	udp_preference_limit = 1
	[realms]
	$realm = {
		kdc = 127.0.0.1:$kdc_port
	}
	[domain_realm]
	localhost = $realm
	END
	cat >"$folder/config/kdc.conf" <<-END
	[realms]
	$realm = {
		database_name = $folder/kdc/principal
		key_stash_file = $folder/kdc/stash
		kdc_listen = ""
		kdc_tcp_listen = 127.0.0.1:$kdc_port
		max_life = 1d
	}
	[logging]
	kdc = STDERR
	END
}

kafka_launch_kdc() {
	kafka_kerberos krb5kdc -n >>"$(kafka_file log kdc)" 2>&1 </dev/null 8>&- 9>&- &
	disown
	remember $! kdc
}
