public import Objects
internal import Ports

/// Simulated servers outlive the control plane like real ones: their state can be kept elsewhere and taken up again.
extension SimulatedRack {
    /// The state of every host that was ever used: power, boots, attachments, generations, what is left on disks. Not the
    /// pods: whoever takes the state up finds in the API what runs.
    public func savedState() -> JSON {
        var saved: JSON = [:]
        for host in hosts {
            let state = host.withMachine { machine, _ -> JSON? in
                if machine.isPristine { return nil }
                return machine.json
            }
            if let state { saved[host.specification.name] = state }
        }
        return ["version": 1, "fleet": .string(fleet.name), "hosts": saved]
    }

    /// Takes up a saved state; call it before the rack runs. Hosts that the state or the fleet does not have are left as
    /// they are; so is everything when the state is of another fleet.
    public func restore(_ state: JSON) {
        guard state["version"]?.integer == 1, state["fleet"]?.string == fleet.name else { return }
        for host in hosts {
            guard let saved = state["hosts"]?[host.specification.name] else { continue }
            host.withMachine { machine, _ in machine = Machine(saved) }
        }
    }

    /// Hands the state to `write` whenever it has changed, until the task is cancelled.
    ///
    /// - Parameter interval: how often to look.
    public func keepState(every interval: Duration = .seconds(1), _ write: @Sendable (JSON) async -> Void) async {
        var written: UInt64 = 0
        while !Task.isCancelled {
            let revision = hosts.reduce(UInt64(0)) { sum, host in sum + host.withMachine { machine, _ in machine.revision } }
            if revision != written {
                await write(savedState())
                written = revision
            }
            do { try await time.sleep(for: interval) } catch { return }
        }
    }
}

extension Machine {
    /// Whether nobody has ever used it.
    fileprivate var isPristine: Bool { bootCount == 0 && generation == 0 && done.isEmpty }

    fileprivate var json: JSON {
        var json: JSON = [
            "boots": .integer(Int64(bootCount)), "generation": JSON(generation), "attachedGeneration": JSON(attachedGeneration),
            "leaks": .integer(Int64(leaks)), "refusedWrites": .integer(Int64(refusedWrites)),
        ]
        for operation in [Operation.attach, .detach, .erase] {
            if let generation = done[operation] { json["done", operation.rawValue] = JSON(generation) }
        }
        if let attached { json["attached"] = attached.json }
        if let residue { json["residue"] = ["image": residue.image.json, "generation": JSON(residue.generation)] }
        if let boot {
            json["boot"] = [
                "number": .integer(Int64(boot.number)), "poweredAt": .integer(boot.poweredAt.microseconds),
                "bootedAt": .integer(boot.bootedAt.microseconds), "diesBooting": .bool(boot.diesBooting),
                "agentStartsAt": .integer(boot.agentStartsAt.microseconds),
            ]
            if let time = boot.crashesAt { json["boot", "crashesAt"] = .integer(time.microseconds) }
            if let configuration = boot.configuration { json["boot", "configuration"] = configuration.json }
        }
        return json
    }

    fileprivate init(_ json: JSON) {
        bootCount = Int(json["boots"]?.integer ?? 0)
        generation = json["generation"]?.generation ?? 0
        attachedGeneration = json["attachedGeneration"]?.generation ?? 0
        leaks = Int(json["leaks"]?.integer ?? 0)
        refusedWrites = Int(json["refusedWrites"]?.integer ?? 0)
        for operation in [Operation.attach, .detach, .erase] { done[operation] = json["done", operation.rawValue]?.generation }
        attached = BootConfiguration(json["attached"])
        if let saved = json["residue"], let image = HostImage(saved["image"]) {
            residue = Residue(image: image, generation: saved["generation"]?.generation ?? 0)
        }
        if let saved = json["boot"], let powered = saved.time("poweredAt"), let booted = saved.time("bootedAt") {
            boot = Boot(
                number: Int(saved["number"]?.integer ?? 0), poweredAt: powered, bootedAt: booted,
                diesBooting: saved["diesBooting"]?.bool ?? false, crashesAt: saved.time("crashesAt"),
                configuration: BootConfiguration(saved["configuration"]), agentStartsAt: saved.time("agentStartsAt") ?? booted)
        }
        pods.adoptsWhatRuns = boot != nil
    }
}

extension BootConfiguration {
    fileprivate var json: JSON { ["image": image.json, "userData": userData] }

    fileprivate init?(_ json: JSON?) {
        guard let json, let image = HostImage(json["image"]) else { return nil }
        self.init(image: image, userData: json["userData"] ?? [:])
    }
}

extension JSON {
    /// A generation; text, because it may have more bits than an integer.
    fileprivate init(_ generation: UInt64) { self = .string(String(generation)) }
    fileprivate var generation: UInt64? { string.flatMap { UInt64($0) } }
    fileprivate func time(_ field: String) -> Timestamp? { self[field]?.integer.map { Timestamp(microseconds: $0) } }
}
