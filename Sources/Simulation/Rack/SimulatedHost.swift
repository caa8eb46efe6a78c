internal import Objects
internal import Ports
internal import Synchronization

/// One simulated server: its state, and who must be told when it changes.
final class SimulatedHost: Sendable {
    let specification: HostSpecification
    let fleet: FleetSpecification
    let time: any TimeSource
    /// Told when power, crash or an agent's restart changes what the host runs.
    let changed = ChangeSignal()
    /// For ``SeededGenerator/fork(_:)`` only: what hosts draw does not depend on other hosts.
    let generator: SeededGenerator

    private struct State {
        var machine = Machine()
        /// Draws of management calls, in the order of the calls.
        var management: SeededGenerator
        var sessions = 0
    }

    private let state: Mutex<State>

    init(_ specification: HostSpecification, fleet: FleetSpecification, time: any TimeSource) {
        self.specification = specification
        self.fleet = fleet
        self.time = time
        generator = SeededGenerator(seed: fleet.seed).fork(specification.name)
        state = Mutex(State(management: generator.fork("management")))
    }

    /// Reads or changes the machine at this moment.
    func withMachine<Value: Sendable>(_ work: (inout Machine, Timestamp) -> Value) -> Value {
        let now = time.now()
        return state.withLock { work(&$0.machine, now) }
    }

    // MARK: - Management calls

    private enum Fate { case done, refused, unreachable, unreachableButDone }

    /// Lets a call take its time, go wrong by chance, and have its effect at the end.
    func call<Value: Sendable>(
        _ name: String, latency: LatencyRange, _ effect: (inout Machine, Timestamp) -> Result<Value, PortError>
    ) async throws(PortError) -> Value {
        let (fate, pause) = drawFate(latency)
        do { try await time.sleep(for: pause) } catch { throw PortError(.unreachable, "\(name): given up") }
        switch fate {
        case .refused: throw PortError(.failed, "\(name): \(specification.address) reports an internal error")
        case .unreachable: throw PortError(.unreachable, "\(name): \(specification.address) does not answer")
        case .unreachableButDone:
            _ = apply(effect)
            throw PortError(.unreachable, "\(name): \(specification.address) does not answer")
        case .done: return try apply(effect).get()
        }
    }

    private func drawFate(_ latency: LatencyRange) -> (Fate, Duration) {
        let now = time.now()
        let (faults, latencies) = (fleet.faults, fleet.latencies)
        return state.withLock { state in
            let isUnreachable = state.management.chance(faults.managementUnreachable)
            let isDoneAnyway = state.management.chance(0.5)
            let isRefused = state.management.chance(faults.managementFailure)
            let pause = latency.draw(&state.management, scale: latencies.timeScale)
            let timeout = latencies.managementTimeout.draw(&state.management, scale: latencies.timeScale)
            if let end = state.machine.managementOutageEnds, now < end { return (.unreachable, timeout) }
            if isUnreachable { return (isDoneAnyway ? .unreachableButDone : .unreachable, timeout) }
            return (isRefused ? .refused : .done, pause)
        }
    }

    private func apply<Value: Sendable>(_ effect: (inout Machine, Timestamp) -> Result<Value, PortError>) -> Result<Value, PortError> {
        let (result, hasChanged) = withMachine { machine, now in
            let before = (machine.boot?.number, machine.stage(now))
            let result = effect(&machine, now)
            machine.revision += 1
            return (result, before != (machine.boot?.number, machine.stage(now)))
        }
        if hasChanged { changed.tell() }
        return result
    }

    // MARK: - Faults

    func inject(_ fault: HostFault) {
        withMachine { machine, now in
            machine.revision += 1
            switch fault {
            case .crash: machine.crash(now)
            case .powerLoss: machine.powerOff()
            case .managementOutage(let duration): machine.managementOutageEnds = now + duration
            case .bootFailures(let count): machine.bootFailuresLeft += count
            case .agentRestart: break
            case .agentSilence(let duration): machine.silenceEnds = now + duration
            }
        }
        switch fault {
        case .crash, .powerLoss: changed.tell()
        case .agentRestart: restartAgent()
        case .managementOutage, .bootFailures, .agentSilence: break
        }
    }

    func restartAgent() {
        let pause = fleet.latencies.agentRestart
        state.withLock { state in
            guard var boot = state.machine.boot else { return }
            var generator = generator.fork("agent-restart-\(state.sessions)")
            let start = time.now() + pause.draw(&generator, scale: fleet.latencies.timeScale)
            boot.agentStartsAt = max(boot.agentStartsAt, start)
            state.machine.boot = boot
        }
        changed.tell()
    }

    /// A number for each session of the host's agent.
    func beginSession() -> Int {
        state.withLock { state in
            state.sessions += 1
            return state.sessions
        }
    }

    // MARK: - What the agent asks

    /// Whether that boot still runs: what belongs to an earlier one is dead.
    func isRunning(boot number: Int) -> Bool {
        withMachine { machine, now in machine.boot?.number == number && machine.stage(now) == .running }
    }

    /// When the agent can hear and speak again; `nil` when it can.
    func silenceEnds() -> Timestamp? {
        withMachine { machine, now in machine.silenceEnds.flatMap { now < $0 ? $0 : nil } }
    }

    /// Works on the pods of a boot; `nil` when that boot is over.
    func withPods<Value: Sendable>(boot number: Int, _ work: (inout PodRuntime, Timestamp) -> Value) -> Value? {
        withMachine { machine, now in
            guard machine.boot?.number == number, machine.stage(now) == .running else { return nil }
            return work(&machine.pods, now)
        }
    }
}
