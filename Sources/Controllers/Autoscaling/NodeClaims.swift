internal import Fleet
internal import KubeClient
internal import Logging
internal import Objects
internal import Planning
internal import Ports

/// Claims hosts for NodeGroups and gives them back.
struct NodeClaims: Sendable {
    let environment: ControllerEnvironment
    let ledger: FleetLedger
    let options: AutoscalerOptions
    let recorder: EventRecorder

    /// A claim that was sent, and what came of it.
    struct Outcome: Sendable {
        enum Result: Sendable {
            case won
            case lost
            /// The answer was lost: the claim may hold.
            case unknown
        }

        var host: ObjectKey
        var group: String
        var result: Result
    }

    /// Claims the hosts of a plan that are still free, with bounded concurrency.
    func claim(_ claims: [(host: ObjectKey, claim: HostClaim)]) async -> [Outcome] {
        let wanted = ledger.withFleet { fleet in
            claims.compactMap { key, claim -> (BareMetalHost, NodeGroup)? in
                // The plan was made on a copy: somebody may have taken the host since.
                guard let row = fleet.hosts[key], row.isClaimable, let group = fleet.nodeGroups[claim.name] else { return nil }
                fleet.apply(.claimAssumed(host: key, claim: claim))
                return (row.host, group)
            }
        }
        return await withTaskGroup(of: Outcome.self) { tasks in
            var outcomes: [Outcome] = []
            for (index, (host, group)) in wanted.enumerated() {
                if index >= options.concurrency, let outcome = await tasks.next() { outcomes.append(outcome) }
                tasks.addTask { await claim(host, for: group) }
            }
            for await outcome in tasks { outcomes.append(outcome) }
            return outcomes.sorted { $0.host < $1.host }
        }
    }

    private func claim(_ host: BareMetalHost, for group: NodeGroup) async -> Outcome {
        let order = HostClaimer.Order(
            claim: group.claim, image: group.image ?? options.nodeImage, isOnline: true,
            userData: NodeClaims.userData(host, group).encoded)
        var outcome = Outcome(host: host.key, group: group.metadata.name, result: .lost)
        do {
            if try await HostClaimer(environment).claim(host, order) {
                outcome.result = .won
                return outcome
            }
        } catch let error where error.code == 0 {
            outcome.result = .unknown
            return outcome
        } catch {
            environment.logger.warning("claim refused", metadata: ["host": "\(host.key)", "error": "\(error)"])
        }
        ledger.apply(.claimAssumptionDropped(host: host.key))
        return outcome
    }

    /// What a host that is to become a node is told when it boots.
    static func userData(_ host: BareMetalHost, _ group: NodeGroup) -> JSON {
        [
            "nodeName": .string(host.metadata.name), "nodeGroup": .string(group.metadata.name),
            "labels": JSON(NodeTemplates.labels(for: host, group: group)), "annotations": JSON(group.annotations),
            "taints": .array(group.taints.map(\.json)),
        ]
    }

    /// Finds out what came of claims whose answers were lost; returns those still unknown.
    func verify(_ hosts: Set<ObjectKey>) async -> Set<ObjectKey> {
        var unknown: Set<ObjectKey> = []
        for key in hosts.sorted() {
            do {
                let host = try await environment.client.get(BareMetalHost.self, key)
                if host?.hasConsumer != true { ledger.apply(.claimAssumptionDropped(host: key)) }
            } catch {
                unknown.insert(key)
            }
        }
        return unknown
    }

    /// Gives a host back (first phase) if the group still holds it.
    ///
    /// - Parameter failure: why the host did not serve; noted on it, so that it is not taken again at once.
    func release(_ key: ObjectKey, of group: String, failure: AutoscalerView.Loss? = nil) async throws {
        guard let host = try await environment.client.get(BareMetalHost.self, key),
            host.consumer == HostClaim(kind: .nodeGroup, name: group)
        else { return }
        if let failure {
            let note: JSON = [
                "metadata": [
                    "annotations": [
                        AutoscalerNames.failedAtAnnotation: .string(environment.time.now().rfc3339),
                        AutoscalerNames.failureAnnotation: .string(failure.message),
                    ]
                ]
            ]
            try await environment.client.patch(BareMetalHost.resource, key, note)
            await recorder.record(host, .warning, reason: failure.reason, message: "given back by NodeGroup \(group): \(failure.message)")
            // The note changed the resource version.
            guard let noted = try await environment.client.get(BareMetalHost.self, key), noted.consumer == host.consumer else { return }
            return try await HostClaimer(environment).release(noted)
        }
        try await HostClaimer(environment).release(host)
    }

    /// Second phase for every released host that is clean by now.
    func finishReleases() async {
        let clean = ledger.withFleet { fleet in
            fleet.hosts.rows.values.map(\.host).filter { host in
                host.consumer?.kind == .nodeGroup && host.image == nil && !host.isOnline && HostClaimer.isClean(host)
            }.sorted { $0.key < $1.key }
        }
        for host in clean {
            do {
                try await HostClaimer(environment).finishRelease(host)
            } catch {
                // Somebody changed the host, or the server is away: the next pass tries again.
                environment.logger.debug("release not finished", metadata: ["host": "\(host.key)", "error": "\(error)"])
            }
        }
    }
}
