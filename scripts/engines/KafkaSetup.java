/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes users, rights and topics in a Kafka cluster, for scripts/engine: the argument names a file with the properties
 * of the connection, standard input has one order a line:
 *
 *	user NAME PASSWORD			for SCRAM-SHA-512
 *	allow NAME TOPIC|GROUP PREFIX OPERATION	on all names that begin so
 *	topic NAME PARTITIONS			unless it exists
 */
import java.io.BufferedReader;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.io.Reader;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

public class KafkaSetup {
	private static void user(Admin admin, String name, String password) throws Exception {
		ScramCredentialInfo info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);

		admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(name, info, password))).all().get();
	}

	private static void allow(Admin admin, String name, String type, String prefix, String operation) throws Exception {
		ResourcePattern pattern = new ResourcePattern(ResourceType.fromString(type), prefix, PatternType.PREFIXED);
		AccessControlEntry entry = new AccessControlEntry("User:" + name, "*", AclOperation.fromString(operation),
		    AclPermissionType.ALLOW);

		admin.createAcls(List.of(new AclBinding(pattern, entry))).all().get();
	}

	private static void topic(Admin admin, String name, int partitions) throws Exception {
		try {
			admin.createTopics(List.of(new NewTopic(name, Optional.of(partitions), Optional.empty()))).all().get();
		} catch (ExecutionException e) {
			if (!(e.getCause() instanceof TopicExistsException))
				throw e;
		}
	}

	private static void obey(Admin admin, String[] words) throws Exception {
		switch (words[0]) {
		case "user":
			user(admin, words[1], words[2]);
			break;
		case "allow":
			allow(admin, words[1], words[2], words[3], words[4]);
			break;
		case "topic":
			topic(admin, words[1], Integer.parseInt(words[2]));
			break;
		default:
			throw new IllegalArgumentException("unknown order " + words[0]);
		}
	}

	public static void main(String[] arguments) throws Exception {
		Properties properties = new Properties();
		String line;

		try (Reader file = new FileReader(arguments[0])) {
			properties.load(file);
		}
		try (Admin admin = Admin.create(properties);
		    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in))) {
			while ((line = orders.readLine()) != null)
				obey(admin, line.split(" "));
		}
	}
}
