internal import APIMessages
internal import KubeClient
internal import Objects
internal import Ports

/// The one task that lives a host's life: waits for its boots, runs its agent, lets it crash.
struct HostOwner: Sendable {
    var host: SimulatedHost
    var pods: PodDispatcher
    var nodes: Informer<Node>
    var transports: @Sendable (String) -> any APITransport

    /// What there is to do until something changes.
    private enum Occupation {
        case nothing
        /// Nothing before that time.
        case wait(Timestamp)
        case runAgent(Machine.Boot)
    }

    func run() async {
        while !Task.isCancelled {
            // Read before the machine: a change in between is not missed.
            let epoch = host.changed.epoch
            let (occupation, crash) = occupation()
            await until(crash, orChangeAfter: epoch) {
                switch occupation {
                case .nothing: await host.changed.wait(after: epoch)
                case .wait(let time): try? await host.time.sleep(until: time)
                case .runAgent(let boot): await runAgent(boot)
                }
            }
        }
    }

    /// What to do now, and when the running system crashes.
    private func occupation() -> (Occupation, crash: Timestamp?) {
        host.withMachine { machine, now in
            guard let boot = machine.boot else { return (.nothing, nil) }
            switch machine.stage(now) {
            case .booting: return (.wait(boot.bootedAt), nil)
            case .off, .hung, .crashed, .noBootDisk: return (.nothing, nil)
            case .running: break
            }
            guard let data = boot.configuration?.userData, HostOwner.nodeName(data, host.specification) != nil else {
                return (.nothing, boot.crashesAt)
            }
            return now < boot.agentStartsAt ? (.wait(boot.agentStartsAt), boot.crashesAt) : (.runAgent(boot), boot.crashesAt)
        }
    }

    /// The name under which a system registers itself; `nil` for a tenant's own system.
    private static func nodeName(_ userData: JSON, _ host: HostSpecification) -> String? {
        if let name = userData["nodeName"]?.string, !name.isEmpty { return name }
        return userData["nodeGroup"]?.string.map { _ in host.name }
    }

    /// Runs `work` until it ends, the host changes, or the time has come.
    private func until(_ deadline: Timestamp?, orChangeAfter epoch: UInt64, _ work: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work() }
            group.addTask { await host.changed.wait(after: epoch) }
            if let deadline { group.addTask { try? await host.time.sleep(until: deadline) } }
            await group.next()
            group.cancelAll()
        }
    }

    /// One session of the agent: until the boot is over, or the agent restarts by chance.
    private func runAgent(_ boot: Machine.Boot) async {
        guard let userData = boot.configuration?.userData, let nodeName = HostOwner.nodeName(userData, host.specification) else {
            return
        }
        let number = host.beginSession()
        var generator = host.generator.fork("session-\(number)")
        let restart = generator.timeToEvent(perHour: host.fleet.faults.agentRestartsPerHour)
        let (host, bootNumber) = (host, boot.number)
        let transport = FaultyTransport(
            transports(nodeName), time: host.time, generator: generator.fork("messages"), faults: host.fleet.faults.messages,
            isCutOff: { !host.isRunning(boot: bootNumber) || host.silenceEnds() != nil })
        let session = AgentSession(
            host: host, boot: bootNumber, client: KubeClient(transport: transport), pods: pods, nodes: nodes,
            node: NodeReport(
                host: host.specification, nodeName: nodeName, userData: userData, bootNumber: bootNumber),
            generator: generator.fork("agent"))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await session.run() }
            if let restart { group.addTask { try? await host.time.sleep(for: restart) } }
            await group.next()
            group.cancelAll()
        }
        if restart != nil, !Task.isCancelled { host.restartAgent() }
    }
}
