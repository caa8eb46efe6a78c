public import Ports

extension SimulatedRack: BaseboardManagement {
    public func register(_ host: HostEndpoint) async throws(PortError) {
        try await self.host(address: host.address).call("register", latency: fleet.latencies.register) { _, _ in .success(()) }
    }

    public func inspect(_ host: HostEndpoint) async throws(PortError) -> HardwareDetails {
        let host = try self.host(address: host.address)
        let hardware = host.specification.hardware
        return try await host.call("inspect", latency: fleet.latencies.inspect) { _, _ in .success(hardware) }
    }

    public func isPoweredOn(_ host: HostEndpoint) async throws(PortError) -> Bool {
        try await self.host(address: host.address).call("read power", latency: fleet.latencies.managementCall) { machine, now in
            .success(machine.isPoweredOn(now))
        }
    }

    public func setPower(_ host: HostEndpoint, on: Bool) async throws(PortError) {
        let host = try self.host(address: host.address)
        let (fleet, generator) = (host.fleet, host.generator)
        try await host.call("set power", latency: fleet.latencies.managementCall) { machine, now in
            if on { machine.powerOn(now, fleet, generator) } else { machine.powerOff() }
            return .success(())
        }
    }
}

extension SimulatedRack: DataProcessingUnit {
    public func attach(_ boot: BootConfiguration, to host: HostEndpoint, generation: UInt64) async throws(PortError) {
        try await self.host(address: host.address).call("attach", latency: fleet.latencies.managementCall) { machine, _ in
            Result { () throws(PortError) in try machine.attach(boot, generation: generation) }
        }
    }

    public func detach(_ host: HostEndpoint, generation: UInt64) async throws(PortError) {
        try await self.host(address: host.address).call("detach", latency: fleet.latencies.managementCall) { machine, now in
            Result { () throws(PortError) in try machine.detach(now, generation: generation) }
        }
    }

    public func erase(_ host: HostEndpoint, generation: UInt64) async throws(PortError) {
        let host = try self.host(address: host.address)
        // Refused at once where it would be refused at the end.
        let isDone = try await host.call("erase", latency: fleet.latencies.managementCall) { machine, _ in
            Result { () throws(PortError) in
                let isDone = try machine.admit(.erase, generation: generation)
                if !isDone, machine.boot != nil {
                    throw PortError(.failed, "the server is powered on: power it off before erasing")
                }
                return isDone
            }
        }
        if isDone { return }
        try await host.call("erase", latency: fleet.latencies.erase) { machine, _ in
            Result { () throws(PortError) in try machine.finishErasing(generation: generation) }
        }
    }

    public func attached(_ host: HostEndpoint) async throws(PortError) -> BootConfiguration? {
        try await self.host(address: host.address).call("read attachment", latency: fleet.latencies.managementCall) { machine, _ in
            .success(machine.attached)
        }
    }
}
