package org.opendvx.core.erasure;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Picks the fastest kernel that this JVM can run, once. */
final class Kernels {
  private static final Logger LOG = LoggerFactory.getLogger(Kernels.class);
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  /** A processor without vectors reports this. */
  private static final int NO_VECTORS_BITS = 64;

  static final Kernel BEST = select();

  private Kernels() {}

  private static Kernel select() {
    Kernel kernel = new PlainKernel();
    if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
      LOG.warn(
          "Erasure coding uses {}; start Java with --add-modules {} to make it faster",
          kernel.name(),
          VECTOR_MODULE);
      return kernel;
    }
    try {
      if (VectorKernel.vectorBits() > NO_VECTORS_BITS) {
        kernel = new VectorKernel();
      }
    } catch (LinkageError e) {
      LOG.warn("The vector module of this Java is not the expected one", e);
    }
    LOG.info("Erasure coding uses {}", kernel.name());
    return kernel;
  }
}
