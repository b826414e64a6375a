/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts nodes as OpenSearchRunner's own main does, but with the role ingest: without a node that has it no pipeline runs. */
import java.io.IOException;
import java.io.UncheckedIOException;
import org.codelibs.opensearch.runner.OpenSearchRunner;

public class OpenSearchNodes {
	private static void close(OpenSearchRunner runner) {
		try {
			runner.close();
		} catch (IOException e) {
			throw new UncheckedIOException(e);
		}
	}

	public static void main(String[] arguments) throws InterruptedException {
		OpenSearchRunner runner = new OpenSearchRunner();

		Runtime.getRuntime().addShutdownHook(new Thread(() -> close(runner)));
		runner.onBuild((number, settings) -> settings.putList("node.roles", "cluster_manager", "data", "ingest"));
		try {
			runner.build(arguments);
		} catch (RuntimeException e) {
			e.printStackTrace();
			System.exit(1);
		}
		Thread.currentThread().join();
	}
}
