"""Several brokers of Apache Kafka that replicate to each other."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.servers import KafkaServer


class KafkaCluster:
    """Brokers on the loopback interface; topics survive the loss of one if there are three.

    Parameters
    ----------
    folder
        Folder for data and logs.
    n_brokers
        Number of brokers: 1 or 3.

    Attributes
    ----------
    servers
        The brokers.
    """

    def __init__(self, folder: Path, n_brokers: int) -> None:
        folders = [folder / str(node) for node in range(1, n_brokers + 1)]
        self.servers = [KafkaServer(each) for each in folders]
        voters = ",".join(
            f"{node}@127.0.0.1:{server.ports[1]}"
            for node, server in enumerate(self.servers, start=1)
        )
        in_sync = max(1, n_brokers - 1)
        for node, each in enumerate(folders, start=1):
            each.mkdir(parents=True)
            each.joinpath("more.properties").write_text(
                f"node.id={node}\ncontroller.quorum.voters={voters}\n"
                f"offsets.topic.replication.factor={n_brokers}\n"
                f"transaction.state.log.replication.factor={n_brokers}\n"
                f"transaction.state.log.min.isr={in_sync}\nmin.insync.replicas={in_sync}\n"
            )
        self.bootstrap_servers = ",".join(server.bootstrap_servers for server in self.servers)

    def __enter__(self) -> Self:
        """Start the brokers; skip the test if they cannot run."""
        KafkaServer.require()
        for server in self.servers:
            server.launch()
        for server in self.servers:
            server.await_started()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill the brokers: in order, the last ones would wait for a quorum."""
        for server in self.servers:
            server.kill()
