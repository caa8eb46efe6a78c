internal import NIOCore
internal import NIOHTTP2

/// Answers plain HTTP on the TLS port with words instead of a TLS alert, then takes itself out.
final class PlainHTTPRefusal: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var isRefused = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        let first = unwrapInboundIn(data).readableBytesView.first
        // A TLS connection begins with a handshake record (22), plain HTTP with a method.
        guard let first, (0x41...0x5a).contains(first) else {
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            return
        }
        isRefused = true
        let text = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: text)), promise: nil)
        context.close(promise: nil)
    }
}

/// Tells the HTTP/1.1 handler that bytes came, before the decoder has made a request of them.
final class ArrivalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let handler: HTTP1Handler

    init(_ handler: HTTP1Handler) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        handler.bytesArrived()
        context.fireChannelRead(data)
    }
}

/// Gathers the flushes of an event loop's turn into one, so that an event for many watches of a connection costs one system call.
final class FlushCoalescer: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private var isScheduled = false

    func flush(context: ChannelHandlerContext) {
        guard !isScheduled else { return }
        isScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.isScheduled = false
            context.flush()
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if isScheduled { context.flush() }
        context.close(mode: mode, promise: promise)
    }
}

/// Ends a connection on an error that no other handler has dealt with, such as a failed handshake.
final class ConnectionErrorHandler: ChannelInboundHandler {
    typealias InboundIn = Any

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Ends an HTTP/2 connection on an error of the connection, such as a flood of resets.
///
/// nio-http2 has sent GOAWAY by then but leaves closing to others. An error of one stream, which it has answered with
/// RST_STREAM, arrives here alike and ends nothing.
final class HTTP2ErrorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOHTTP2Errors.StreamError, is NIOHTTP2Errors.BadStreamStateTransition, is NIOHTTP2Errors.FlowControlViolation,
            is NIOHTTP2Errors.ContentLengthViolated, is NIOHTTP2Errors.StreamClosed, is NIOHTTP2Errors.NoSuchStream:
            return
        default:
            // After the turn in which GOAWAY is flushed.
            let channel = context.channel
            context.eventLoop.execute { channel.close(promise: nil) }
        }
    }
}
