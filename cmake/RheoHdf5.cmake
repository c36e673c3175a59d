# RHEO_HDF5: what to link. Programs take the archive where there is one: the shared library of a distribution may load some
# thirty others (Debian's: for files on the web), which takes as long as all that a small run does. Shared libraries take the
# shared one, which is compiled for them.
set(RHEO_HDF5 ${HDF5_C_LIBRARIES})
list(GET HDF5_C_LIBRARIES 0 shared)
get_filename_component(folder ${shared} DIRECTORY)
find_library(RHEO_HDF5_ARCHIVE libhdf5.a PATHS ${folder} NO_DEFAULT_PATH)
find_library(RHEO_SZ_ARCHIVE libsz.a)
find_library(RHEO_AEC_ARCHIVE libaec.a)
if(RHEO_HDF5_ARCHIVE AND RHEO_SZ_ARCHIVE AND RHEO_AEC_ARCHIVE)
  set(archives ${RHEO_HDF5_ARCHIVE} ${RHEO_SZ_ARCHIVE} ${RHEO_AEC_ARCHIVE} z m ${CMAKE_DL_LIBS})
  include(CheckCSourceCompiles)
  set(CMAKE_REQUIRED_INCLUDES ${HDF5_C_INCLUDE_DIRS})
  set(CMAKE_REQUIRED_LIBRARIES ${archives})
  check_c_source_compiles("#include <hdf5.h>
                           int main(void) { return H5open() + (H5Fcreate(\"x\", 0, 0, 0) > 0); }" RHEO_HDF5_ARCHIVE_LINKS)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LIBRARIES)
  if(RHEO_HDF5_ARCHIVE_LINKS)
    set(program "$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>")
    set(RHEO_HDF5 "$<${program}:${archives}>" "$<$<NOT:${program}>:${HDF5_C_LIBRARIES}>")
  endif()
endif()
