import CausewayAdmin

/// A node that says what the test wants to hear.
final class FakeNode: NodeControl {
    static let full = NodeStatus(
        version: "1.2.3",
        startedAt: 1_700_000_000,
        uptime: 90_061,
        loops: 2,
        aead: "OpenSSL 3.0.17",
        sessions: NodeStatus.Sessions(live: 3, limit: 1000),
        listeners: [
            ListenerStatus(
                name: "in",
                type: "relay",
                addresses: ["[::]:443"],
                exit: nil,
                sessions: 3,
                total: 12,
                refused: 1,
                bytesUp: 1536,
                bytesDown: 5_368_709_120
            )
        ],
        exits: [
            ExitStatus(
                name: "tokyo",
                type: "tunnel",
                server: "exit.example.net:8388",
                sessions: 3,
                total: 12,
                failures: 2,
                bytesUp: 1536,
                bytesDown: 5_368_709_120,
                warm: ExitStatus.Warm(ready: 3, target: 4, maximum: 16, taken: 9, missed: 3)
            )
        ],
        groups: [
            GroupStatus(
                name: "abroad",
                policy: "failover",
                members: [
                    GroupStatus.Member(
                        exit: "tokyo",
                        state: "up",
                        latencyMilliseconds: 153.25,
                        sessions: 3,
                        failures: 0,
                        secondsInState: 59,
                        reason: nil
                    )
                ]
            )
        ]
    )

    var userControl: (any UserControl)? { nil }

    func status() -> NodeStatus { Self.full }
}
