# SPDX-License-Identifier: BSD-2-Clause
"""Real Kafka brokers for tests, got and run by scripts/engine: started when first wanted, ended with the test run.

    with kafka.running() as brokers:
        topic = brokers.create_topic(partitions=8)
        espcap.run("--kafka", brokers.address, "--topic", topic)
        assert [message.value for message in brokers.consume(topic)] == values

Tests share a plain broker, so each makes its own topics. The clients here are confluent_kafka's.
"""

import collections
import itertools
import os
import sys
import time
import warnings

import pytest

import engines

try:
    import confluent_kafka
except ImportError:
    # Debian's package, for a Python that is not Debian's.
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        import confluent_kafka
    except ImportError:
        confluent_kafka = None

NEWEST = "kafka-4.1.1"
NAMES = ("kafka-3.9.1", NEWEST)
# Seconds; no call takes that long, even on a busy machine.
LIMIT = 60
# librdkafka 2.6.1: Kafka 4 refuses the SCRAM of earlier versions, which repeats a nonce.
STRICT_SCRAM = 0x02060100
REALM = "ESPCAP.TEST"

Message = collections.namedtuple("Message", "key value headers partition offset")


class Brokers(engines.Engine):
    """A cluster: address (bootstrap.servers), and addresses, one for each node.

    With secure=True (TLS and passwords) and kerberos=True there are the users admin, sensor (may write to topics
    packets*) and worker (may read them, in groups espcap*). With both kerberos_address is that for tickets.
    """

    topics = itertools.count(1)

    def __init__(self, name, secure=False, kerberos=False, nodes=1, data=None, settings=None):
        if confluent_kafka is None:
            pytest.skip("confluent_kafka is not installed")
        self.secure, self.kerberos, self.nodes = secure, kerberos, nodes
        self.topic_settings = {}
        options = ["--nodes=%d" % nodes] + ["--secure"] * secure + ["--kerberos"] * kerberos
        if data:
            options.append("--data=%s" % data)
        super().__init__(name, options, settings)

    def read(self, text):
        found = super().read(text)
        self.kerberos_address = found.get("kerberos-brokers")
        self.address = found.get("brokers", self.kerberos_address)
        self.addresses = self.address.split(",")
        self.port = int(self.addresses[0].rsplit(":", 1)[1])
        self.krb5_conf = found.get("krb5.conf")
        self.keytabs = found.get("keytabs")
        self.administrator = None

    def start_node(self, node):
        self.read(engines.must(self.action("start", "--node=%d" % node)))

    def stop_node(self, node):
        """Ends a node in good order; the others take over."""
        engines.must(self.action("stop", "--node=%d" % node))
        self.read(engines.must(self.action("status")))

    def revive(self):
        """Whatever a test did to it, all nodes run."""
        if 0 in self.pids or not self.is_alive():
            self.start()
        else:
            self.resume()

    def remove(self):
        self.administrator = None
        super().remove()

    # ---- Clients

    def mechanism(self, version):
        """How a client by this version of librdkafka can give a password."""
        if self.name == "kafka-3.9.1" or version >= STRICT_SCRAM:
            return "SCRAM-SHA-512"
        return "PLAIN"

    def properties(self, user="admin", password=None, version=0):
        """The properties with which a librdkafka client connects, as this user if the cluster has users."""
        found = {"bootstrap.servers": self.address}
        if self.secure:
            found.update({
                "security.protocol": "SASL_SSL", "ssl.ca.location": self.ca, "sasl.mechanisms": self.mechanism(version),
                "sasl.username": user, "sasl.password": self.password(user) if password is None else password})
        elif self.kerberos:
            found = self.ticket_properties(user)
        return found

    def ticket_properties(self, user):
        """The same with a Kerberos ticket; the program also needs environment()."""
        return {"bootstrap.servers": self.kerberos_address, "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanisms": "GSSAPI", "sasl.kerberos.service.name": "kafka",
                "sasl.kerberos.keytab": self.keytab(user), "sasl.kerberos.principal": "%s@%s" % (user, REALM)}

    def keytab(self, user):
        return os.path.join(self.keytabs, user + ".keytab")

    def environment(self, folder):
        """The environment of a program that gets tickets and keeps them in this folder."""
        return {**os.environ, "KRB5_CONFIG": self.krb5_conf, "KRB5CCNAME": "FILE:%s/tickets" % folder}

    def own_properties(self, **more):
        """The properties of the clients in this file."""
        assert self.secure or not self.kerberos, "with tickets alone there is no way in for this process: add secure"
        # Tests take brokers away on purpose: no lines about that.
        return {**self.properties(version=confluent_kafka.libversion()[1]), "log_level": 0, **more}

    # ---- Topics

    def admin(self):
        """One client for all calls, since requests end with their client."""
        from confluent_kafka.admin import AdminClient
        if self.administrator is None:
            self.administrator = AdminClient(self.own_properties())
        return self.administrator

    def create_topic(self, partitions=1, copies=1, name=None, **settings):
        """Makes a topic, with a new name unless one is given. Settings have _ for the dots in their names."""
        from confluent_kafka.admin import NewTopic
        name = name or "packets-%d-%d" % (os.getpid(), next(self.topics))
        config = self.topic_settings[name] = dotted(settings)
        topic = NewTopic(name, num_partitions=partitions, replication_factor=copies, config=config)
        self.admin().create_topics([topic], operation_timeout=LIMIT)[name].result(LIMIT)
        self.wait_for_topic(name, partitions)
        return name

    def alter_topic(self, name, **settings):
        """Changes settings of a topic that create_topic() made."""
        from confluent_kafka.admin import ConfigResource
        config = self.topic_settings[name]
        config.update(dotted(settings))
        # This call resets what it does not name. Debian's confluent_kafka has no other.
        resource = ConfigResource(ConfigResource.Type.TOPIC, name, set_config=config)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            altered = self.admin().alter_configs([resource])
        altered[resource].result(LIMIT)

    def expire(self, name):
        """Retention deletes the messages that are there now."""
        self.alter_topic(name, retention_ms=1)
        wait_until(lambda: all(start == end for start, end in self.ends(name).values()))
        self.alter_topic(name, retention_ms=-1)

    def delete_topic(self, name):
        self.admin().delete_topics([name], operation_timeout=LIMIT)[name].result(LIMIT)

    def add_partitions(self, name, total):
        """Raises the number of partitions to total."""
        from confluent_kafka.admin import NewPartitions
        self.admin().create_partitions([NewPartitions(name, total)])[name].result(LIMIT)
        self.wait_for_topic(name, total)

    def wait_for_topic(self, name, partitions):
        """Brokers learn with a delay what the controller has done."""
        wait_until(lambda: len([number for number, row in self.partitions(name).items() if row.leader > 0]) == partitions)

    def partitions(self, name):
        """leader, replicas and isrs of each partition; empty if there is no such topic."""
        rows = self.admin().list_topics(name, timeout=LIMIT).topics[name]
        return rows.partitions if rows.error is None else {}

    # ---- Messages

    def produce(self, topic, messages, **properties):
        """Sends pairs of key and value, or triples with a partition, or these with a list of headers."""
        failures = []
        producer = confluent_kafka.Producer(self.own_properties(**{"linger.ms": 5, **properties}))
        for key, value, *more in messages:
            extra = dict(zip(("partition", "headers"), more))
            producer.produce(topic, value, key, callback=lambda error, _: error and failures.append(error), **extra)
            producer.poll(0)
        assert producer.flush(LIMIT) == 0 and not failures, failures

    def ends(self, topic):
        """First and next offset of each partition."""
        consumer = self.consumer()
        found = {number: consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, number), timeout=LIMIT)
                 for number in self.partitions(topic)}
        consumer.close()
        return found

    def count(self, topic):
        return sum(end - start for start, end in self.ends(topic).values())

    def consume(self, topic):
        """All messages up to the present end, partition by partition, in order."""
        ends = {number: end for number, (start, end) in self.ends(topic).items() if end > start}
        consumer = self.consumer()
        consumer.assign([confluent_kafka.TopicPartition(topic, number, confluent_kafka.OFFSET_BEGINNING)
                         for number in ends])
        found = []
        limit = time.monotonic() + LIMIT
        while ends:
            assert time.monotonic() < limit, "%s: not read up to %s" % (topic, ends)
            for message in consumer.consume(1000, 1):
                if message.error() is None:
                    found.append(Message(message.key(), message.value(), message.headers() or [],
                                         message.partition(), message.offset()))
                elif message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                    raise confluent_kafka.KafkaException(message.error())
            for place in consumer.position([confluent_kafka.TopicPartition(topic, number) for number in ends]):
                if place.offset >= ends[place.partition]:
                    del ends[place.partition]
        consumer.close()
        return sorted(found, key=lambda message: (message.partition, message.offset))

    def consumer(self, group="espcap-tests", **more):
        """A consumer that commits nothing."""
        return confluent_kafka.Consumer(self.own_properties(**{"group.id": group, "enable.auto.commit": False,
                                                               "auto.offset.reset": "error", **more}))

    def committed(self, group, topic):
        """The offset that a group has committed in each partition; partitions without one are left out."""
        consumer = self.consumer(group)
        places = consumer.committed([confluent_kafka.TopicPartition(topic, number) for number in self.partitions(topic)],
                                    timeout=LIMIT)
        consumer.close()
        return {place.partition: place.offset for place in places if place.offset >= 0}


def dotted(settings):
    return {key.replace("_", "."): str(value) for key, value in settings.items()}


def options(properties):
    """The properties as options of kcat and espcap-kafka, which take bootstrap.servers by another option."""
    return [word for key, value in properties.items() if key != "bootstrap.servers"
            for word in ("-X", "%s=%s" % (key, value))]


def wait_until(condition, limit=LIMIT):
    """Polls until condition() holds."""
    until = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < until, "not in %d seconds" % limit
        time.sleep(0.1)


def running(name=NEWEST, own=False, **options):
    """Brokers, as engines.running() gives servers."""
    return engines.running(name, own=own, kind=Brokers, **options)
