package org.opendvx.core.nfs.rpc;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;

/** The kind of event loop and sockets: epoll where its native part loads, else NIO. */
enum RpcTransport {
  EPOLL(EpollServerSocketChannel.class, EpollDatagramChannel.class) {
    @Override
    IoHandlerFactory handlers() {
      return EpollIoHandler.newFactory();
    }
  },
  NIO(NioServerSocketChannel.class, NioDatagramChannel.class) {
    @Override
    IoHandlerFactory handlers() {
      return NioIoHandler.newFactory();
    }
  };

  private final Class<? extends ServerChannel> server;
  private final Class<? extends DatagramChannel> datagram;

  RpcTransport(Class<? extends ServerChannel> server, Class<? extends DatagramChannel> datagram) {
    this.server = server;
    this.datagram = datagram;
  }

  static RpcTransport best() {
    return Epoll.isAvailable() ? EPOLL : NIO;
  }

  abstract IoHandlerFactory handlers();

  MultiThreadIoEventLoopGroup eventLoops(int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, new DefaultThreadFactory("nfs", true), handlers());
  }

  Class<? extends ServerChannel> server() {
    return server;
  }

  Class<? extends DatagramChannel> datagram() {
    return datagram;
  }
}
